import { type ReactElement, useState } from "react"
import { checkPhrase } from "../../sdk/recovery.js"
import { PhraseFailure } from "../account/phrase-failure.js"
import { NO_WORDS, PhraseFields } from "../account/phrase-fields.js"
import { phraseError } from "../account/phrase-words.js"
import { useClient } from "../signed-in/client-context.js"
import { strings } from "../strings.js"
import { Action } from "../ui/button.js"
import { Notice } from "../ui/notice.js"
import { Page } from "../ui/page.js"
import { useTask } from "../ui/use-task.js"

const { words: texts } = strings.devices

/** A drill: whether the words on somebody's paper are this account's. */
export function TryWords({
  onDone,
  onBack,
}: {
  readonly onDone: (text: string) => void
  readonly onBack: () => void
}): ReactElement {
  const client = useClient()
  const [words, setWords] = useState(NO_WORDS)
  const [wrong, setWrong] = useState<string | null>(null)
  const [isOthers, setOthers] = useState(false)
  const task = useTask(async () => {
    const found = phraseError(words)
    setWrong(found)
    setOthers(false)
    if (found !== null) return
    if (await checkPhrase(client, words.join(" "))) onDone(texts.right)
    else setOthers(true)
  })
  return (
    <Page title={texts.drillTitle} lead={texts.drillLead}>
      <form
        className="stack"
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          task.run()
        }}
      >
        <PhraseFields words={words} onChange={setWords} />
        {wrong === null ? null : (
          <p role="alert" className="field-error">
            {wrong}
          </p>
        )}
        <PhraseFailure error={task.error} />
        {isOthers ? (
          <Notice kind="bad" title={texts.notYours}>
            <p>{texts.notYoursMeaning}</p>
            <p>{texts.notYoursTodo}</p>
          </Notice>
        ) : null}
        <div className="actions">
          <Action kind="primary" type="submit" isPending={task.isBusy}>
            {texts.compare}
          </Action>
          <Action isDisabled={task.isBusy} onPress={onBack}>
            {strings.account.back}
          </Action>
        </div>
      </form>
    </Page>
  )
}
