import type { ReactElement, ReactNode } from "react"
import { isArchiveError } from "../../../shared/protocol/errors.js"
import { errorTexts, strings } from "../strings.js"
import { Action } from "../ui/button.js"
import { formatCount, formatDuration } from "../ui/format.js"
import { failurePlace } from "./failure-place.js"

/** What ended playback, over the picture: what happened and where, what it means, what to do. */
export function BrokenCover({
  error,
  author,
  trueBytes,
  durationMs,
  atMs,
  onRetry,
}: {
  readonly error: unknown
  /** What its author is called here. */
  readonly author: string
  readonly trueBytes: number
  readonly durationMs: number | null
  /** Where playback stood. */
  readonly atMs: number
  readonly onRetry: () => void
}): ReactElement {
  const texts = strings.watch.broken
  const known = isArchiveError(error) ? error : null
  const code = known?.code ?? "internal"
  const isOfBytes = code === "integrity" || code === "truncated"
  const place = isOfBytes ? failurePlace(known?.place, trueBytes, durationMs) : null
  return (
    <Cover title={isOfBytes ? texts.title : texts.stopped}>
      <p>{code === "integrity" ? texts.changed(author) : errorTexts[code].what}</p>
      {place === null ? null : (
        <p>
          {place.about === null
            ? null
            : texts.about(formatDuration(place.about.fromMs), formatDuration(place.about.toMs))}{" "}
          {texts.place(known?.place ?? "", formatCount(place.firstByte), formatCount(place.lastByte))}
        </p>
      )}
      <p>{isOfBytes ? texts.meaning(formatDuration(atMs)) : errorTexts[code].meaning}</p>
      <p>{errorTexts[code].todo}</p>
      <div className="actions">
        <Action onPress={onRetry}>{strings.common.tryAgain}</Action>
      </div>
      <p className="faint">
        {strings.common.details(known?.message ?? String(error), known?.place)} <code>{code}</code>
      </p>
    </Cover>
  )
}

/** Covers the picture with words that are read at once. */
export function Cover({ title, children }: { readonly title: string; readonly children: ReactNode }): ReactElement {
  return (
    <div className="player-cover" role="alert">
      <h2>{title}</h2>
      {children}
    </div>
  )
}
