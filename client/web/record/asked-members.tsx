import type { ReactElement } from "react"
import { equalBytes } from "../../../shared/protocol/bytes.js"
import type { RecordingId } from "../../../shared/protocol/ids.js"
import type { MeetingLog } from "../../crypto/meeting-log.js"
import { consentOf } from "../../sdk/consent.js"
import { useClient } from "../signed-in/client-context.js"
import { PersonName } from "../signed-in/person-name.js"
import { strings } from "../strings.js"

const texts = strings.record

/** Who is asked whether they agree, before it begins. */
export function AskedMembers({ log }: { readonly log: MeetingLog }): ReactElement {
  const self = useClient().state.current.secrets.genesisHash
  const others = log.current.roster.filter(({ genesisHash }) => !equalBytes(genesisHash, self))
  return (
    <section className="stack asked" aria-labelledby="who-is-asked">
      <h2 id="who-is-asked">{texts.asked}</h2>
      <p className="hint">{others.length === 0 ? texts.nobodyAsked : texts.askedLead}</p>
      {others.length === 0 ? null : (
        <ul className="people-line">
          {others.map(({ genesisHash }) => (
            <li key={genesisHash.join()}>
              <PersonName genesisHash={genesisHash} />
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}

/** What they answered to what is being recorded, as it comes. */
export function Answers({
  log,
  recordingId,
}: {
  readonly log: MeetingLog
  readonly recordingId: RecordingId
}): ReactElement {
  const self = useClient().state.current.secrets.genesisHash
  const { consent } = texts
  const members = consentOf(log, recordingId)?.members ?? null
  const others = members?.filter(({ genesisHash }) => !equalBytes(genesisHash, self)) ?? null
  return (
    <section className="stack asked" aria-labelledby="who-agreed">
      <h2 id="who-agreed">{consent.title}</h2>
      {others === null ? <p className="hint">{consent.unknown}</p> : null}
      {others?.length === 0 ? <p className="hint">{consent.none}</p> : null}
      {others === null || others.length === 0 ? null : (
        <>
          <p className="hint">{consent.lead}</p>
          <ul className="rows" aria-live="polite">
            {others.map(({ genesisHash, state }) => (
              <li key={genesisHash.join()}>
                <PersonName genesisHash={genesisHash} />
                <span className={`answer answer-${state}`}>{consent.states[state]}</span>
              </li>
            ))}
          </ul>
          {others.some(({ state }) => state === "withdrawn") ? (
            <p className="field-error" role="alert">
              {consent.withdrawn}
            </p>
          ) : null}
        </>
      )}
    </section>
  )
}
