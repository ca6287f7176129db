import type { ReactElement } from "react"
import { strings } from "../strings.js"
import { formatBytes } from "./format.js"
import { LabelledProgress } from "./labelled-progress.js"

/** How much of something was written, in words and as a bar. What is done may be more than was thought, and is shown as all of it. */
export function BytesProgress({
  label,
  doneBytes,
  sizeBytes,
}: {
  readonly label: string
  readonly doneBytes: number
  readonly sizeBytes: number
}): ReactElement {
  const shownBytes = Math.min(doneBytes, sizeBytes)
  return (
    <LabelledProgress
      label={label}
      value={shownBytes}
      maxValue={Math.max(sizeBytes, 1)}
      valueLabel={strings.watch.save.progress(formatBytes(shownBytes), formatBytes(sizeBytes))}
    />
  )
}
