import type { ReactElement } from "react"
import { equalBytes } from "../../../shared/protocol/bytes.js"
import type { MeetingLog } from "../../crypto/meeting-log.js"
import { type LiveCapture, liveCapturesOf } from "../../sdk/live-capture/captures.js"
import { hrefOf } from "../routes.js"
import { strings } from "../strings.js"
import { Notice } from "../ui/notice.js"
import type { FollowedCapture } from "./use-live.js"

/** How it stands with a capture that is watched: what keeps it, how it ended, and where it goes on. Nothing while it simply goes on. */
export function LiveStanding({
  log,
  live,
  followed: { state, end, trouble, error, playback },
  author,
}: {
  readonly log: MeetingLog
  readonly live: LiveCapture
  readonly followed: FollowedCapture
  readonly author: string
}): ReactElement | null {
  const texts = strings.live.standing
  const { meetingId } = log
  const { recordingId } = live
  if (!live.isOpen)
    return (
      <Notice kind="good" title={texts.published}>
        <p>{texts.publishedLead}</p>
        <p>
          <a
            className="action action-primary"
            href={hrefOf({ screen: "recording", meetingId, recordingId, startMs: null })}
          >
            {texts.watch}
          </a>
        </p>
      </Notice>
    )
  if (end !== null) {
    const next = nextOf(log, live)
    return (
      <>
        {next === null ? null : (
          <Notice title={texts.goesOn}>
            <p>{texts.goesOnLead}</p>
            <p>
              <a
                className="action action-primary"
                href={hrefOf({ screen: "live", meetingId, recordingId: next.recordingId })}
              >
                {texts.toNext}
              </a>
            </p>
          </Notice>
        )}
        <Notice title={end === "finished" ? texts.finished : texts.replaced}>
          <p>{end === "finished" ? texts.finishedLead(author) : texts.replacedLead(author)}</p>
        </Notice>
      </>
    )
  }
  if (error !== null) return null
  if (trouble !== null)
    return (
      <Notice kind="warning" title={texts.offline}>
        <p>{texts.offlineLead}</p>
      </Notice>
    )
  if (state === "interrupted")
    return (
      <Notice kind="warning" title={playback === null ? texts.nothing : texts.interrupted}>
        <p>{playback === null ? texts.nothingLead(author) : texts.interruptedLead(author)}</p>
      </Notice>
    )
  return null
}

/** What the same person records now: a capture ends where the members change, and another one begins. */
function nextOf(log: MeetingLog, live: LiveCapture): LiveCapture | null {
  const after = liveCapturesOf(log)
  const at = after.findIndex(({ rawHeader }) => equalBytes(rawHeader, live.rawHeader))
  return (
    after
      .slice(at + 1)
      .find(({ isOpen, authorGenesisHash }) => isOpen && equalBytes(authorGenesisHash, live.authorGenesisHash)) ?? null
  )
}
