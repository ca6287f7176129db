import type { ReactElement } from "react"
import { toHex } from "../../../shared/protocol/bytes.js"
import { isArchiveError } from "../../../shared/protocol/errors.js"
import { idOfHash, type MeetingId } from "../../../shared/protocol/ids.js"
import { memberOf } from "../../../shared/protocol/roster.js"
import type { Client } from "../../sdk/client.js"
import { readMeeting } from "../../sdk/meetings.js"
import { hrefOf } from "../routes.js"
import { useClient } from "../signed-in/client-context.js"
import { strings } from "../strings.js"
import { Busy } from "../ui/busy.js"
import { Failure } from "../ui/notice.js"
import { useLoaded } from "../ui/use-loaded.js"

const texts = strings.person

/** Where one meets somebody: no server knows it, so this account's meetings are looked through here. */
export function SharedMeetings({ genesisHash }: { readonly genesisHash: Uint8Array }): ReactElement {
  const client = useClient()
  const shared = useLoaded(async (signal) => await find(client, genesisHash, signal), [client, genesisHash.join()])
  return (
    <section className="stack">
      <h2>{texts.meetings}</h2>
      {shared.state === "loading" ? <Busy label={texts.lookingAtMeetings} /> : null}
      <Failure error={shared.error} />
      {shared.value === null ? null : <Found {...shared.value} />}
    </section>
  )
}

interface Shared {
  readonly meetings: readonly { readonly meetingId: MeetingId; readonly title: string }[]
  /** So many could not be asked for now. */
  readonly unread: number
}

function Found({ meetings, unread }: Shared): ReactElement {
  return (
    <>
      {meetings.length === 0 && unread === 0 ? <p className="faint">{texts.noMeetings}</p> : null}
      {meetings.length === 0 ? null : (
        <ul className="rows">
          {meetings.map(({ meetingId, title }) => (
            <li key={toHex(meetingId)}>
              <a href={hrefOf({ screen: "meeting", meetingId, tab: "members" })}>{title}</a>
            </li>
          ))}
        </ul>
      )}
      {unread === 0 ? null : <p className="faint">{texts.notLookedAt(unread)}</p>}
    </>
  )
}

async function find(client: Client, genesisHash: Uint8Array, signal: AbortSignal): Promise<Shared> {
  const meetings: { readonly meetingId: MeetingId; readonly title: string }[] = []
  let unread = 0
  for (const { meetingHash } of client.state.current.meetings) {
    if (signal.aborted) break
    const meetingId = idOfHash("meeting", meetingHash)
    try {
      const { current } = await readMeeting(client, meetingId)
      if (memberOf(current.roster, genesisHash) !== undefined) meetings.push({ meetingId, title: current.title })
    } catch (error) {
      if (!isArchiveError(error)) throw error
      // Others are closed to this account: there is nothing to share in them.
      if (error.retryable) unread++
    }
  }
  return { meetings, unread }
}
