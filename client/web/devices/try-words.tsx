import { type ReactElement, useState } from "react"
import { checkPhrase } from "../../sdk/recovery.js"
import { PhraseFailure } from "../account/phrase-failure.js"
import { NO_WORDS, PhraseFields } from "../account/phrase-fields.js"
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
  const [isWrong, setWrong] = useState(false)
  const task = useTask(async () => {
    setWrong(false)
    if (await checkPhrase(client, words.join(" "))) onDone(texts.right)
    else setWrong(true)
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
        <PhraseFailure error={task.error} />
        {isWrong ? (
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
