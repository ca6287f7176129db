import { type ReactElement, useState } from "react"
import type { Client } from "../../sdk/client.js"
import { strings } from "../strings.js"
import { DeviceNameForm } from "./device-name-form.js"
import { confirmWords, makeAccount, type NewAccount } from "./new-account.js"
import { PhraseSteps } from "./phrase-steps.js"

/** A new account: its first device's name, its keys, its words on paper. */
export function CreateAccount({
  onReady,
  onBack,
}: {
  readonly onReady: (client: Client) => void
  readonly onBack: () => void
}): ReactElement {
  const [made, setMade] = useState<NewAccount | null>(null)
  const { title, lead, action } = strings.account.create
  if (made === null)
    return (
      <DeviceNameForm
        title={title}
        lead={lead}
        action={action}
        onBack={onBack}
        onNamed={async (name) => {
          setMade(await makeAccount(name))
        }}
      />
    )
  return (
    <PhraseSteps
      words={made.words}
      random={made.client.random}
      onConfirmed={async () => {
        await confirmWords(made.client, made.words)
        onReady(made.client)
      }}
    />
  )
}
