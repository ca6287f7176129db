import { type ReactElement, useCallback } from "react"
import { strings } from "../strings.js"
import "../styles/record.css"
import { formatDuration } from "../ui/format.js"
import type { RunningView } from "./recorder.js"
import { useRecordingManager } from "./recordings-context.js"
import { useEvery } from "./use-every.js"

const CLOCK_MS = 500

/** That something is recorded, on the screens that show something else. */
export function RunningBar({
  running: { phase, title },
  href,
}: {
  readonly running: RunningView
  readonly href: string
}): ReactElement {
  const manager = useRecordingManager()
  const read = useCallback(() => formatDuration(manager.elapsedMs()), [manager])
  const shown = useEvery(read, CLOCK_MS)
  return (
    <section className="running-bar" aria-label={strings.record.running.region}>
      <span className={`running-phase running-${phase}`}>
        <span className="record-dot" aria-hidden="true" />
        <strong role="status">{strings.record.running.phases[phase]}</strong>
      </span>
      <span className="running-bar-clock">{shown}</span>
      <span className="running-bar-title">{title}</span>
      <a className="action" href={href}>
        {strings.record.toRecorder}
      </a>
    </section>
  )
}
