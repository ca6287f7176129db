import type { ReactElement } from "react"
import { isArchiveError } from "../../../shared/protocol/errors.js"
import { strings } from "../strings.js"
import { Failure, Notice } from "../ui/notice.js"

const { words: texts } = strings.account

/** What became of words that were typed; nothing where nothing failed. */
export function PhraseFailure({ error }: { readonly error: unknown }): ReactElement | null {
  if (isArchiveError(error) && error.code === "usage")
    return (
      <Notice kind="bad" title={texts.wrong}>
        <p>{texts.wrongMeaning}</p>
        <p>{texts.wrongTodo}</p>
      </Notice>
    )
  if (isArchiveError(error) && error.code === "not-found")
    return (
      <Notice kind="bad" title={texts.nobody}>
        <p>{texts.nobodyMeaning}</p>
        <p>{texts.nobodyTodo(location.host)}</p>
      </Notice>
    )
  return <Failure error={error} />
}
