import type { ReactElement } from "react"
import { toHex } from "../../../shared/protocol/bytes.js"
import type { MeetingLog } from "../../crypto/meeting-log.js"
import { type ConsentPage, waitingForConsent } from "../../sdk/consent.js"
import { titleOf } from "../../sdk/recordings.js"
import { hrefOf } from "../routes.js"
import { useClient } from "../signed-in/client-context.js"
import { PersonName } from "../signed-in/person-name.js"
import { strings } from "../strings.js"
import { Action } from "../ui/button.js"
import { formatMoment } from "../ui/format.js"
import { Failure } from "../ui/notice.js"
import { useAnswer } from "./use-answer.js"

const texts = strings.consent

/** What this account has not said yet whether it agrees to; nothing where that is nothing. */
export function ConsentWaiting({ log }: { readonly log: MeetingLog }): ReactElement | null {
  const client = useClient()
  const waiting = waitingForConsent(client, log)
  if (waiting.length === 0) return null
  return (
    <details className="consent-waiting">
      <summary>{texts.waiting(waiting.length)}</summary>
      <p className="hint">{texts.waitingLead}</p>
      <ul className="rows">
        {waiting.toReversed().map((page) => (
          <WaitingRow key={toHex(page.headerHash)} log={log} page={page} />
        ))}
      </ul>
    </details>
  )
}

function WaitingRow({ log, page }: { readonly log: MeetingLog; readonly page: ConsentPage }): ReactElement {
  const { recording, capture, recordingId } = page
  const { agree, refuse } = useAnswer(log.meetingId, recordingId)
  const title = recording === null ? null : titleOf(recording)
  const timeMs = recording?.timeMs ?? capture?.timeMs ?? 0
  return (
    <li>
      <div>
        {title === null ? (
          <strong>{recording === null ? texts.announced : strings.meeting.recordings.unreadable}</strong>
        ) : (
          <a href={hrefOf({ screen: "recording", meetingId: log.meetingId, recordingId, startMs: null })}>{title}</a>
        )}
        <div className="faint">
          <PersonName genesisHash={page.authorGenesisHash} /> · {formatMoment(timeMs)}
        </div>
        <Failure error={agree.error ?? refuse.error} />
      </div>
      <div className="actions">
        <Action isPending={agree.isBusy} isDisabled={refuse.isBusy} onPress={agree.run}>
          {texts.agree}
        </Action>
        <Action isPending={refuse.isBusy} isDisabled={agree.isBusy} onPress={refuse.run}>
          {texts.refuse}
        </Action>
      </div>
    </li>
  )
}
