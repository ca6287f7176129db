import type { ReactElement } from "react"
import { equalBytes } from "../../../shared/protocol/bytes.js"
import type { MeetingLog } from "../../crypto/meeting-log.js"
import { type LiveCapture, liveCapturesOf } from "../../sdk/live-capture/captures.js"
import { hrefOf } from "../routes.js"
import { useClient } from "../signed-in/client-context.js"
import { knownAs } from "../signed-in/naming.js"
import { PersonName } from "../signed-in/person-name.js"
import { SaveCapture, LEFT_MS } from "./save-capture.js"
import { errorTexts, strings } from "../strings.js"
import "../styles/live.css"
import { formatDuration, formatMoment } from "../ui/format.js"
import { isArchiveError } from "../../../shared/protocol/errors.js"
import { type CaptureStanding, useLiveStates } from "./use-live-states.js"

const texts = strings.live.list
const LEFT_FINISHING_MS = 60 * 60_000
/** What was announced and never came is told for so long; the activity keeps it. */
const TOLD_MS = 24 * 3_600_000

/** What is recorded now, or was and is not stored yet; nothing where there is none. */
export function LiveCaptures({ log }: { readonly log: MeetingLog }): ReactElement | null {
  const client = useClient()
  const open = liveCapturesOf(log).filter(({ isOpen }) => isOpen)
  const standingOf = useLiveStates(open)
  const nowMs = client.clock.nowMs()
  const shown = open.filter((live) => !isNothing(standingOf(live)) && standingOf(live).kind !== "asking").toReversed()
  const told = open.filter((live) => isNothing(standingOf(live)) && nowMs - live.capturedAtMs < TOLD_MS)
  if (shown.length === 0 && told.length === 0) return null
  return (
    <section aria-label={texts.label}>
      <ul className="recordings">
        {shown.map((live) => (
          <li key={live.header.assetId.join()}>
            <LiveCard log={log} live={live} standing={standingOf(live)} />
          </li>
        ))}
      </ul>
      <ul className="live-told">
        {told.map((live) => (
          <li key={live.header.assetId.join()} className="faint">
            {standingOf(live).kind === "gone" ? texts.gone(live.title) : texts.nothing(live.title)}{" "}
            <PersonName genesisHash={live.authorGenesisHash} /> · {formatMoment(live.capturedAtMs)}
          </li>
        ))}
      </ul>
      <p className="visually-hidden" role="status">
        {shown.map((live) => texts.said(live.title, texts.states[standingOf(live).kind])).join(". ")}
      </p>
    </section>
  )
}

function isNothing({ kind }: CaptureStanding): boolean {
  return kind === "nothing" || kind === "gone"
}

function LiveCard({
  log: { meetingId },
  live,
  standing,
}: {
  readonly log: MeetingLog
  readonly live: LiveCapture
  readonly standing: CaptureStanding
}): ReactElement {
  const client = useClient()
  const { recordingId, title, capturedAtMs, authorGenesisHash } = live
  const isOwn = equalBytes(authorGenesisHash, client.state.current.secrets.genesisHash)
  const { name } = knownAs(client, authorGenesisHash)
  const lengthMs = "newestMs" in standing ? Math.max(0, standing.newestMs - capturedAtMs) : null
  return (
    <article className="recording">
      <div className={`poster live-poster live-poster-${standing.kind}`}>
        <span className={standing.kind === "live" ? "live-badge live-badge-now" : "live-badge"}>
          <span className="live-dot" aria-hidden="true" />
          {texts.states[standing.kind]}
        </span>
      </div>
      <div className="recording-facts">
        <h2>
          <a href={hrefOf({ screen: "live", meetingId, recordingId })}>{title}</a>
        </h2>
        <div className="faint">
          {formatMoment(capturedAtMs)}
          {lengthMs === null ? null : ` · ${formatDuration(lengthMs)}`}
        </div>
        <div className="faint">
          <PersonName genesisHash={authorGenesisHash} />
        </div>
        <p className="live-meaning">{meaningOf(standing, isOwn ? null : name)}</p>
        {isLeft(standing, client.clock.nowMs()) ? (
          <div className="actions">
            <SaveCapture meetingId={meetingId} live={live} author={name} />
          </div>
        ) : null}
      </div>
    </article>
  )
}

/** Whether its recorder seems gone. One that makes a recording of it may take its time. */
function isLeft(standing: CaptureStanding, nowMs: number): boolean {
  if (standing.kind === "interrupted") return nowMs - standing.newestMs > LEFT_MS
  return standing.kind === "finishing" && nowMs - standing.newestMs > LEFT_FINISHING_MS
}

function meaningOf(standing: CaptureStanding, name: string | null): string {
  switch (standing.kind) {
    case "live":
      return texts.live
    case "interrupted":
      return texts.interrupted(formatMoment(standing.newestMs))
    case "finishing":
      return texts.finishing(name)
    case "failed":
      return errorTexts[isArchiveError(standing.error) ? standing.error.code : "internal"].what
    default:
      return ""
  }
}
