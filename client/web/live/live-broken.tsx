import type { ReactElement } from "react"
import { isArchiveError } from "../../../shared/protocol/errors.js"
import { errorTexts, strings } from "../strings.js"
import { Action } from "../ui/button.js"
import { formatDuration } from "../ui/format.js"
import { Cover } from "../watch/broken-cover.js"

const MS_PER_S = 1_000
/** What a server, or who stands between, did. */
const FALSE = ["integrity", "truncated", "bad-signature", "cannot-open", "malformed"]

/** What ended the following, over the picture: what happened and where, what it means, what to do. */
export function LiveBroken({
  error,
  author,
  timeOf,
  onRetry,
}: {
  /** `null`: the browser can't decode it. */
  readonly error: unknown
  /** What its author is called here. */
  readonly author: string
  /** When a segment is played, in seconds, as far as it is known. */
  readonly timeOf: (segment: number) => number | null
  readonly onRetry: () => void
}): ReactElement {
  const texts = strings.live.broken
  const known = isArchiveError(error) ? error : null
  const code = error === null ? "unsupported" : (known?.code ?? "internal")
  if (code === "forbidden" || code === "not-authorised")
    return (
      <Cover title={texts.removed}>
        <p>{texts.removedMeaning}</p>
        <p>{errorTexts[code].todo}</p>
      </Cover>
    )
  if (code === "unsupported")
    return (
      <Cover title={texts.unplayable}>
        <p>{texts.unplayableLead(author)}</p>
      </Cover>
    )
  const isFalse = FALSE.includes(code)
  const segment = /^segment (\d+)$/.exec(known?.place ?? "")?.[1]
  const timeS = segment === undefined ? null : timeOf(Number(segment))
  return (
    <Cover title={isFalse ? texts.title : texts.stopped}>
      <p>{isFalse ? texts.changed(author) : errorTexts[code].what}</p>
      {segment === undefined ? null : (
        <p>
          {timeS === null ? null : texts.about(formatDuration(timeS * MS_PER_S))} {texts.place(known?.place ?? "")}
        </p>
      )}
      <p>{isFalse ? texts.meaning : errorTexts[code].meaning}</p>
      <p>{isFalse ? texts.todo(author) : errorTexts[code].todo}</p>
      <div className="actions">
        <Action onPress={onRetry}>{strings.common.tryAgain}</Action>
      </div>
      <p className="faint">
        {strings.common.details(known?.message ?? String(error), known?.place)} <code>{code}</code>
      </p>
    </Cover>
  )
}
