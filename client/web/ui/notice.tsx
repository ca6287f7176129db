import type { ReactElement, ReactNode } from "react"
import { isArchiveError } from "../../../shared/protocol/errors.js"
import { errorTexts, strings } from "../strings.js"

/** Something to know, beside what it is about. */
export function Notice({
  kind = "info",
  title,
  children,
}: {
  readonly kind?: "info" | "good" | "warning" | "bad"
  readonly title?: string
  readonly children?: ReactNode
}): ReactElement {
  return (
    <div className={`notice notice-${kind}`} role={kind === "bad" ? "alert" : "status"}>
      {title === undefined ? null : <strong>{title}</strong>}
      {children}
    </div>
  )
}

/** What happened, what it means for the person's data, what to do; nothing where nothing failed. */
export function Failure({
  error,
  children,
}: {
  readonly error: unknown
  readonly children?: ReactNode
}): ReactElement | null {
  if (error === null || error === undefined) return null
  const code = isArchiveError(error) ? error.code : "internal"
  const texts = errorTexts[code]
  return (
    <Notice kind="bad" title={texts.what}>
      <p>{texts.meaning}</p>
      <p>{texts.todo}</p>
      {isArchiveError(error) ? (
        <p className="faint">
          {strings.common.details(error.message, error.place)} <code>{code}</code>
        </p>
      ) : null}
      {children}
    </Notice>
  )
}
