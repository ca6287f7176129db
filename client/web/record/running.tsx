import { type ReactElement, useCallback, useSyncExternalStore } from "react"
import { isArchiveError } from "../../../shared/protocol/errors.js"
import type { MeetingLog } from "../../crypto/meeting-log.js"
import { errorTexts, strings } from "../strings.js"
import { Action } from "../ui/button.js"
import { formatDuration } from "../ui/format.js"
import { Notice } from "../ui/notice.js"
import { useTask } from "../ui/use-task.js"
import { Answers } from "./asked-members.js"
import { LevelMeter } from "./level-meter.js"
import type { RunningView } from "./recorder.js"
import { useRecordingManager } from "./recordings-context.js"
import type { Sources } from "./sources.js"
import { StreamView } from "./stream-view.js"
import { useEvery } from "./use-every.js"

const texts = strings.record.running
const CLOCK_MS = 250

/** While something is recorded: that it is, how much of it is safe and where, and how it ends. */
export function Running({
  running,
  log,
}: {
  readonly running: RunningView
  /** `null` while the meeting can't be read. */
  readonly log: MeetingLog | null
}): ReactElement {
  const manager = useRecordingManager()
  const { phase, title, part, isTurning, recordingId } = running
  const stopping = useTask(async () => {
    await manager.stop()
  })
  const { sources } = manager
  const isPaused = phase === "paused"
  return (
    <section className="recorder" aria-label={texts.region}>
      {sources === null ? null : <Picture sources={sources} phase={phase} />}
      <div className="stack">
        <div className="running-head">
          <p className={`running-phase running-${phase}`}>
            <span className="record-dot" aria-hidden="true" />
            <strong role="status">{texts.phases[phase]}</strong>
          </p>
          <Clock />
          <p className="running-title">{title}</p>
        </div>
        <div className="actions">
          <Action
            kind="primary"
            isDisabled={phase === "stopping" && !stopping.isBusy}
            isPending={stopping.isBusy}
            onPress={stopping.run}
          >
            <span className="stop-square" aria-hidden="true" />
            {texts.stop}
          </Action>
          <Action
            isDisabled={phase === "stopping"}
            onPress={() => {
              if (isPaused) manager.resume()
              else manager.pause()
            }}
          >
            {isPaused ? texts.resume : texts.pause}
          </Action>
        </div>
        <Safe running={running} />
        {sources === null ? null : <Voice sources={sources} />}
        {isTurning ? <Notice>{texts.turning}</Notice> : part > 1 ? <Notice>{texts.part(part)}</Notice> : null}
        {log === null ? null : <Answers log={log} recordingId={recordingId} />}
        <p className="hint">{texts.leaveNote}</p>
      </div>
    </section>
  )
}

function Picture({
  sources,
  phase,
}: {
  readonly sources: Sources
  readonly phase: RunningView["phase"]
}): ReactElement {
  const view = useSyncExternalStore(sources.subscribe, () => sources.view)
  const picture = view.screen ?? view.camera
  return (
    <div className={`recorder-picture recorder-${phase}`}>
      {picture === null ? (
        <div className="recorder-empty">
          <strong>{strings.record.soundAlone}</strong>
        </div>
      ) : (
        <StreamView stream={picture} label={strings.record.preview} isMirrored={view.screen === null} />
      )}
    </div>
  )
}

function Clock(): ReactElement {
  const manager = useRecordingManager()
  const read = useCallback(() => formatDuration(manager.elapsedMs()), [manager])
  const shown = useEvery(read, CLOCK_MS)
  return (
    <p className="running-clock" role="timer" aria-label={texts.time}>
      {shown}
    </p>
  )
}

/** How much is kept here, and how much of that the server has. */
function Safe({ running: { keptMs, capture } }: { readonly running: RunningView }): ReactElement {
  const { keptSegments, sentSegments, isWaiting, failure } = capture
  const share = keptSegments === 0 ? 0 : sentSegments / keptSegments
  const code = isArchiveError(failure) ? failure.code : null
  return (
    <div className="safe">
      <p className="safe-here">{keptMs === 0 ? texts.nothingSafe : texts.safe(formatDuration(keptMs))}</p>
      <p className={isWaiting || code !== null ? "safe-waiting" : share === 1 ? "safe-there" : "safe-there safe-going"}>
        {code !== null
          ? texts.refused(errorTexts[code].what)
          : isWaiting
            ? texts.waiting
            : share === 1
              ? texts.sentAll
              : texts.sent(new Intl.NumberFormat(undefined, { style: "percent" }).format(share))}
      </p>
      <p className="visually-hidden" role="status">
        {isWaiting ? texts.waiting : null}
      </p>
    </div>
  )
}

function Voice({ sources }: { readonly sources: Sources }): ReactElement | null {
  const view = useSyncExternalStore(sources.subscribe, () => sources.view)
  const isGone = (kind: "camera" | "microphone"): boolean => view.troubles[kind] !== undefined
  return (
    <>
      {view.microphone === null ? null : (
        <div className="running-voice">
          <span className="faint" aria-hidden="true">
            {strings.record.sources.microphone.name}
          </span>
          <LevelMeter sources={sources} />
        </div>
      )}
      {isGone("microphone") ? (
        <Notice kind="warning">
          <p>{sources.tracks().length === 0 ? texts.gone.all : texts.gone.microphone}</p>
          <Action
            isPending={view.asking === "microphone"}
            onPress={() => {
              void sources.open("microphone")
            }}
          >
            {texts.chooseMicrophone}
          </Action>
        </Notice>
      ) : null}
      {isGone("camera") && view.screen === null ? (
        <Notice kind="warning">
          <p>{texts.gone.camera}</p>
        </Notice>
      ) : null}
    </>
  )
}
