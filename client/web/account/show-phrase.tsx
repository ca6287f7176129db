import { type ReactElement } from "react"
import { strings } from "../strings.js"
import { Action } from "../ui/button.js"
import { formatDay } from "../ui/format.js"
import { Notice } from "../ui/notice.js"
import { Page } from "../ui/page.js"

const { phrase: texts } = strings.account

/** The words, once: to be written down, or printed as a page that has nothing else on it. */
export function ShowPhrase({
  words,
  onWritten,
  cancel,
}: {
  readonly words: readonly string[]
  readonly onWritten: () => void
  readonly cancel: { readonly label: string; readonly onPress: () => void } | null
}): ReactElement {
  const address = `${location.origin}${location.pathname}`
  return (
    <Page title={texts.title} lead={texts.lead}>
      <h2 className="print-only">{texts.printTitle}</h2>
      {/* A browser's translation would send the words away, and change them. */}
      <ol className="phrase" translate="no" aria-label={texts.list}>
        {words.map((word, index) => (
          <li key={index}>
            <span className="phrase-number" aria-hidden="true">
              {index + 1}
            </span>
            <span>{word}</span>
          </li>
        ))}
      </ol>
      <div className="print-only">
        <p>{texts.printTodo(address)}</p>
        <p>{texts.printed(formatDay(Date.now()), location.host)}</p>
      </div>
      <div className="stack no-print">
        <Notice kind="warning" title={texts.warning}>
          <p>{texts.warningTodo}</p>
        </Notice>
        <div className="actions">
          <Action kind="primary" onPress={onWritten}>
            {texts.written}
          </Action>
          <Action
            onPress={() => {
              print()
            }}
          >
            {texts.print}
          </Action>
          {cancel === null ? null : <Action onPress={cancel.onPress}>{cancel.label}</Action>}
        </div>
      </div>
    </Page>
  )
}
