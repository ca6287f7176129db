import { type ReactElement, useState } from "react"
import type { Client } from "../../sdk/client.js"
import type { ListedDevice } from "../../sdk/devices.js"
import { recoverAccount } from "../../sdk/recovery.js"
import { clientOf, createClientParts } from "../platform/open-client.js"
import { createStateBox } from "../platform/state-box.js"
import { strings } from "../strings.js"
import { DeviceNameForm } from "./device-name-form.js"
import { KeepDevices } from "./keep-devices.js"
import { PhraseFailure } from "./phrase-failure.js"
import { NO_WORDS, PhraseFields } from "./phrase-fields.js"
import { phraseError } from "./phrase-words.js"
import { type Recovered, RecoveredPage } from "./recovered-page.js"

interface Opened {
  readonly client: Client
  readonly others: readonly ListedDevice[]
}

/** An account opened by its words: typed, then which of its devices are not lost, then what is here again. */
export function RecoverAccount({
  onReady,
  onBack,
}: {
  readonly onReady: (client: Client) => void
  readonly onBack: () => void
}): ReactElement {
  const [words, setWords] = useState(NO_WORDS)
  const [wrong, setWrong] = useState<string | null>(null)
  const [opened, setOpened] = useState<Opened | null>(null)
  const [recovered, setRecovered] = useState<Recovered | null>(null)
  if (opened !== null && recovered !== null)
    return (
      <RecoveredPage
        client={opened.client}
        recovered={recovered}
        onReady={() => {
          onReady(opened.client)
        }}
      />
    )
  if (opened !== null) return <KeepDevices {...opened} onDone={setRecovered} />
  const { title, lead, action } = strings.account.recover
  return (
    <DeviceNameForm
      title={title}
      lead={lead}
      action={action}
      onBack={onBack}
      failure={(error) => <PhraseFailure error={error} />}
      onNamed={async (deviceName) => {
        const found = phraseError(words)
        setWrong(found)
        if (found !== null) return
        const { http, clock, random } = await createClientParts()
        const { state, others } = await recoverAccount(http, words.join(" "), { deviceName, clock, random })
        const client = clientOf(await createStateBox(state))
        setWords(NO_WORDS)
        setOpened({ client, others })
      }}
    >
      <PhraseFields words={words} onChange={setWords} />
      {wrong === null ? null : (
        <p role="alert" className="field-error">
          {wrong}
        </p>
      )}
    </DeviceNameForm>
  )
}
