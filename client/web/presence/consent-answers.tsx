import type { ReactElement } from "react"
import { equalBytes, toHex } from "../../../shared/protocol/bytes.js"
import type { RecordingId } from "../../../shared/protocol/ids.js"
import type { MeetingLog } from "../../crypto/meeting-log.js"
import { consentOf } from "../../sdk/consent.js"
import { useClient } from "../signed-in/client-context.js"
import { PersonName } from "../signed-in/person-name.js"
import { strings } from "../strings.js"
import { Action } from "../ui/button.js"
import { formatMoment } from "../ui/format.js"
import { Failure, Notice } from "../ui/notice.js"
import { useAnswer } from "./use-answer.js"

const texts = strings.consent

/** Who agreed to be recorded in this, who did not answer or agrees no more, and when; and this account's own answer, which it can change. */
export function ConsentAnswers({
  log,
  recordingId,
}: {
  readonly log: MeetingLog
  readonly recordingId: RecordingId
}): ReactElement | null {
  const { genesisHash: self } = useClient().state.current.secrets
  const { agree, refuse } = useAnswer(log.meetingId, recordingId)
  const page = consentOf(log, recordingId)
  if (page === null) return null
  const own = page.members?.find(({ genesisHash }) => equalBytes(genesisHash, self))
  const announcedMs = page.capture?.timeMs ?? null
  return (
    <section className="card stack consent-answers" aria-labelledby="consent-answers">
      <h2 id="consent-answers">{texts.answersTitle}</h2>
      <p className="hint">{announcedMs === null ? texts.unannounced : texts.announcedAt(formatMoment(announcedMs))}</p>
      {page.isOtherwiseNamed ? <Notice kind="warning">{texts.otherwiseNamed}</Notice> : null}
      {page.members === null ? (
        <p>{texts.unknownMembers}</p>
      ) : (
        <ul className="rows">
          {page.members.map(({ genesisHash, state, timeMs }) => (
            <li key={toHex(genesisHash)}>
              <PersonName genesisHash={genesisHash} />
              <span className={`answer answer-${state}`}>
                {texts.states[state]}
                {timeMs === null ? "" : ` · ${formatMoment(timeMs)}`}
              </span>
            </li>
          ))}
        </ul>
      )}
      {page.isOtherwiseNamed || own === undefined ? null : (
        <div className="actions">
          {own.state === "agreed" ? null : (
            <Action isPending={agree.isBusy} isDisabled={refuse.isBusy} onPress={agree.run}>
              {texts.agree}
            </Action>
          )}
          {own.state === "withdrawn" ? null : (
            <Action isPending={refuse.isBusy} isDisabled={agree.isBusy} onPress={refuse.run}>
              {own.state === "agreed" ? texts.withdraw : texts.refuse}
            </Action>
          )}
        </div>
      )}
      <p className="faint">{texts.keeps}</p>
      <Failure error={agree.error ?? refuse.error} />
    </section>
  )
}
