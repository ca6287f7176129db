import { ArchiveError, isArchiveError } from "../../shared/protocol/errors.js"
import { formatId, type MeetingId } from "../../shared/protocol/ids.js"
import type { MeetingLog } from "../crypto/meeting-log.js"
import type { Client } from "./client.js"
import { Bell, backoffMs, KeptLine, type LineChat } from "./live-line.js"
import { readMeeting } from "./meetings.js"
import type { Presence } from "./presence.js"

export interface WatchOptions {
  /** Called with the verified log as it stands, and again whenever it has grown; nothing more is fetched until it is done. */
  readonly onChange: (log: MeetingLog) => void | Promise<void>
  readonly signal: AbortSignal
  /** Told what keeps the newest from being heard of at once; watching goes on. */
  readonly onTrouble?: ((error: ArchiveError) => void) | undefined
  /** Speaks and listens on the meeting's socket while this goes on; of this meeting and watch alone. SPEC.md §11.2. */
  readonly presence?: Presence | undefined
  /** Takes what comes of the chat on that socket. `followChat` is made of it. */
  readonly chat?: LineChat | undefined
  /** How often the log is fetched although nothing was heard: a server can be silent. */
  readonly pollMs?: number
}

const POLL_MS = 60_000

/**
 * Follows a meeting until the signal ends it. What comes on the socket only says when to fetch: every log is fetched and verified as `readMeeting` does.
 * Without a socket it goes on by fetching from time to time. SPEC.md §11.1.
 * @throws {@link ArchiveError} `not-authorised` once this account was taken out; whatever makes a log unacceptable, such as `fork`; what `onChange` throws.
 */
export async function watchMeeting(client: Client, meetingId: MeetingId, options: WatchOptions): Promise<void> {
  const { onChange, signal, presence, chat, pollMs = POLL_MS } = options
  const tell = options.onTrouble ?? ((): void => undefined)
  const bell = new Bell(signal)
  const line = new KeptLine(client, bell, tell, presence, chat)
  const isOver = (): boolean => signal.aborted
  let [seen, fruitless, wasRung] = [-1, 0, false]
  try {
    while (!isOver()) {
      try {
        const log = await readMeeting(client, meetingId)
        const isNews = log.head.seq > seen
        seen = log.head.seq
        // Who is called for nothing comes ever more slowly.
        fruitless = wasRung && !isNews ? fruitless + 1 : 0
        if (isNews) await onChange(log)
        assertStaysMember(log)
        presence?.follow(log)
        await line.follow(log)
      } catch (error) {
        if (isOver()) return
        if (!isArchiveError(error) || !error.retryable) throw error
        fruitless += 1
        tell(error)
      }
      await new Bell(signal).wait(backoffMs(client, fruitless))
      wasRung = await bell.wait(Math.min(pollMs, line.dueInMs()))
    }
  } finally {
    presence?.end()
    line.close()
  }
}

function assertStaysMember(log: MeetingLog): void {
  if (!log.isMember)
    throw new ArchiveError(
      "not-authorised",
      `this account is no longer a member of ${formatId("meeting", log.meetingId)}: what it could open before, it still can`,
    )
}
