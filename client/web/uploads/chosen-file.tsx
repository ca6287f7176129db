import type { ReactElement } from "react"
import { strings } from "../strings.js"
import { Field } from "../ui/field.js"
import { formatBytes } from "../ui/format.js"

/** What was chosen, and whether it is to be sent: asked only where it stands among others. */
export function ChosenFile({
  name,
  sizeBytes,
  includeLabel,
  isAlone,
  isIncluded,
  onInclude,
}: {
  readonly name: string
  readonly sizeBytes: number
  readonly includeLabel: string
  readonly isAlone: boolean
  readonly isIncluded: boolean
  readonly onInclude: (isIncluded: boolean) => void
}): ReactElement {
  return (
    <p className="chosen-file">
      {isAlone ? null : (
        <input
          type="checkbox"
          checked={isIncluded}
          aria-label={includeLabel}
          onChange={(event) => {
            onInclude(event.target.checked)
          }}
        />
      )}
      <span>{name}</span>
      <span className="faint">{formatBytes(sizeBytes)}</span>
    </p>
  )
}

/** A recording's title; it must have one. */
export function TitleField({
  title,
  onChange,
}: {
  readonly title: string
  readonly onChange: (title: string) => void
}): ReactElement {
  return (
    <Field
      label={strings.uploads.title}
      value={title}
      error={title.trim() === "" ? strings.uploads.noTitle : null}
      onChange={onChange}
    />
  )
}
