import type { ReactElement } from "react"
import type { VerifiedChain } from "../../../shared/protocol/chain.js"
import { accountChanges } from "../../sdk/activity.js"
import type { Contact } from "../../sdk/state.js"
import { strings } from "../strings.js"
import { formatDayNumber } from "../ui/format.js"

const texts = strings.person
const GENESIS = 0

/** What changed in whose hands the account is: nothing of it is silent. */
export function AccountHistory({
  chain,
  contact,
}: {
  readonly chain: VerifiedChain
  readonly contact: Contact | null
}): ReactElement {
  const changes = accountChanges(chain, GENESIS).toReversed()
  const since = contact?.state === "verified" ? texts.since.verified : texts.since.added
  return (
    <section className="stack">
      <h2>{texts.changes}</h2>
      {changes.length === 0 ? <p className="faint">{texts.noChanges}</p> : null}
      {changes.length === 0 ? null : (
        <ul className="rows">
          {changes.map(({ kind, seq, day }) => (
            <li key={seq}>
              <span>{texts.change[kind]}</span>
              <span className="faint">
                {formatDayNumber(day)}
                {contact !== null && seq > contact.seq ? `, ${since}` : ""}
              </span>
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}
