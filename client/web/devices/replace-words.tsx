import { type ReactElement, useState } from "react"
import { ArchiveError, isArchiveError } from "../../../shared/protocol/errors.js"
import type { RekeyReport } from "../../sdk/devices.js"
import { checkPhrase, replacePhrase } from "../../sdk/recovery.js"
import { PhraseSteps } from "../account/phrase-steps.js"
import { RekeyProgress } from "../account/rekey-progress.js"
import { useClient } from "../signed-in/client-context.js"
import { strings } from "../strings.js"
import { Busy } from "../ui/busy.js"
import { Action } from "../ui/button.js"
import { Page } from "../ui/page.js"
import { useTask } from "../ui/use-task.js"
import { UnsureWords } from "./unsure-words.js"

const { words: texts } = strings.devices

type Step =
  | { readonly at: "intro" | "sending" | "old" }
  | { readonly at: "paper"; readonly words: string; readonly onProven: () => void; readonly onGivenUp: () => void }
  | { readonly at: "unsure"; readonly words: string; readonly error: unknown }

/** New recovery words. They are sent once they are proven to be on paper: until then the old ones count. */
export function ReplaceWords({
  onDone,
  onBack,
}: {
  readonly onDone: (text: string, report: RekeyReport) => void
  readonly onBack: () => void
}): ReactElement {
  const client = useClient()
  const [step, setStep] = useState<Step>({ at: "intro" })
  const replace = useTask(async () => {
    let words = ""
    const getOnPaper = async (made: string): Promise<void> => {
      words = made
      await new Promise<void>((resolve, reject) => {
        const onGivenUp = (): void => {
          reject(new ArchiveError("interrupted", "the old words count as before"))
        }
        setStep({ at: "paper", words, onProven: resolve, onGivenUp })
      })
      setStep({ at: "sending" })
    }
    try {
      const report = await replacePhrase(client, getOnPaper)
      await checkPhrase(client, words)
      onDone(texts.replaced, report)
    } catch (error) {
      if (isArchiveError(error) && error.code === "interrupted") onBack()
      else setStep({ at: "unsure", words, error })
    }
  })
  const begin = (
    <div className="actions">
      <Action kind="primary" onPress={replace.run}>
        {texts.make}
      </Action>
      <Action onPress={onBack}>{strings.account.back}</Action>
    </div>
  )
  switch (step.at) {
    case "intro":
      return (
        <Page key="intro" title={texts.replaceTitle} lead={texts.replaceLead}>
          <p>{texts.replaceWhen}</p>
          {begin}
        </Page>
      )
    case "paper":
      return (
        <PhraseSteps
          words={step.words.split(" ")}
          random={client.random}
          onConfirmed={step.onProven}
          onCancel={step.onGivenUp}
        />
      )
    case "sending":
      return (
        <Page key="sending" title={texts.replaceTitle}>
          <Busy label={texts.sending} />
          <RekeyProgress client={client} />
        </Page>
      )
    case "unsure":
      return (
        <UnsureWords
          words={step.words}
          error={step.error}
          onNew={(report) => {
            onDone(texts.replaced, report)
          }}
          onOld={() => {
            setStep({ at: "old" })
          }}
        />
      )
    case "old":
      return (
        <Page key="old" title={texts.oldTitle} lead={texts.oldLead}>
          {begin}
        </Page>
      )
  }
}
