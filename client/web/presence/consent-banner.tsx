import { type ReactElement, useState } from "react"
import { equalBytes, toHex } from "../../../shared/protocol/bytes.js"
import type { MeetingLog } from "../../crypto/meeting-log.js"
import { type ConsentPage, waitingForConsent } from "../../sdk/consent.js"
import { useClient, useClientState } from "../signed-in/client-context.js"
import { knownAs } from "../signed-in/naming.js"
import { PersonName } from "../signed-in/person-name.js"
import { strings } from "../strings.js"
import { Action } from "../ui/button.js"
import { formatMoment } from "../ui/format.js"
import { Failure } from "../ui/notice.js"
import { useAnswer } from "./use-answer.js"

const texts = strings.consent
/** Later somebody is not asked at once any more: what was announced then and never published waits in the list. */
const PRESSING_MS = 12 * 60 * 60 * 1000

/** By then it may be paused, or broken off. */
const JUST_NOW_MS = 2 * 60 * 1000

/** Put off until the page is loaded anew. */
const later = new Set<string>()

/** Asks whoever is in the meeting's screens, at once, whether they agree to what somebody else is about to record. */
export function ConsentBanner({ log }: { readonly log: MeetingLog }): ReactElement | null {
  const client = useClient()
  const [, setPutOff] = useState(0)
  const asked = waitingForConsent(client, log).filter(
    ({ recording, capture, headerHash }) =>
      recording === null &&
      capture !== null &&
      client.clock.nowMs() - capture.timeMs < PRESSING_MS &&
      !later.has(toHex(headerHash)),
  )
  const page = asked.at(-1)
  if (page === undefined) return null
  return (
    <aside className="above" aria-label={texts.label}>
      <div className="consent-banner">
        <Question
          key={toHex(page.headerHash)}
          log={log}
          page={page}
          onLater={() => {
            later.add(toHex(page.headerHash))
            setPutOff((count) => count + 1)
          }}
        />
        {asked.length > 1 ? <p className="faint">{texts.more(asked.length - 1)}</p> : null}
      </div>
    </aside>
  )
}

function Question({
  log,
  page,
  onLater,
}: {
  readonly log: MeetingLog
  readonly page: ConsentPage
  readonly onLater: () => void
}): ReactElement {
  const client = useClient()
  useClientState()
  const { agree, refuse } = useAnswer(log.meetingId, page.recordingId)
  const announcedMs = page.capture?.timeMs ?? 0
  const isLive = log.lives.some(({ recordingId }) => equalBytes(recordingId, page.recordingId))
  const { name } = knownAs(client, page.authorGenesisHash)
  // As it was when the question came: an alert that changes is said again.
  const [sinceMs] = useState(() => client.clock.nowMs() - announcedMs)
  const what =
    sinceMs > JUST_NOW_MS
      ? texts.beganAt(name, formatMoment(announcedMs))
      : isLive
        ? texts.isRecording(name)
        : texts.isAboutTo(name)
  return (
    <>
      <div role="alert">
        <strong>{what}</strong> {texts.question}
      </div>
      <p className="faint">
        {texts.by} <PersonName genesisHash={page.authorGenesisHash} />. {texts.meaning}
      </p>
      <div className="actions">
        <Action kind="primary" isPending={agree.isBusy} isDisabled={refuse.isBusy} onPress={agree.run}>
          {texts.agree}
        </Action>
        <Action isPending={refuse.isBusy} isDisabled={agree.isBusy} onPress={refuse.run}>
          {texts.refuse}
        </Action>
        <Action onPress={onLater}>{texts.later}</Action>
      </div>
      <Failure error={agree.error ?? refuse.error} />
    </>
  )
}
