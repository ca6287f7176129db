import { type ReactElement, useState } from "react"
import type { Client } from "../../sdk/client.js"
import { type BegunPairing, beginPairing } from "../../sdk/pairing.js"
import { type ClientParts, createClientParts } from "../platform/open-client.js"
import { strings } from "../strings.js"
import { DeviceNameForm } from "./device-name-form.js"
import { DeviceLinked } from "./device-linked.js"
import { ShowPairing } from "./show-pairing.js"

interface Waiting {
  readonly parts: ClientParts
  readonly begun: BegunPairing
}

/** A further device of an account: its name, its code, and what it became a part of. */
export function LinkDevice({
  onReady,
  onBack,
}: {
  readonly onReady: (client: Client) => void
  readonly onBack: () => void
}): ReactElement {
  const [waiting, setWaiting] = useState<Waiting | null>(null)
  const [client, setClient] = useState<Client | null>(null)
  if (client !== null)
    return (
      <DeviceLinked
        client={client}
        onReady={() => {
          onReady(client)
        }}
      />
    )
  const { title, lead, action } = strings.account.link
  if (waiting === null)
    return (
      <DeviceNameForm
        title={title}
        lead={lead}
        action={action}
        onBack={onBack}
        onNamed={async (deviceName) => {
          const parts = await createClientParts()
          setWaiting({ parts, begun: await beginPairing(parts.http, { deviceName, random: parts.random }) })
        }}
      />
    )
  return (
    <ShowPairing
      {...waiting}
      onLinked={setClient}
      onCancel={() => {
        setWaiting(null)
      }}
    />
  )
}
