import { until } from "../../../scripts/services.js"
import {
  type Client,
  formatId,
  isArchiveError,
  type MeetingId,
  Presence,
  watchMeeting,
} from "../../../client/sdk/index.js"
import { idOfHash } from "../../../shared/protocol/ids.js"
import type { PresenceStatement } from "../../../shared/protocol/presence.js"
import type { MeetingLog } from "../../../client/crypto/meeting-log.js"

/** Somebody with a meeting open, and what they see of the others. */
export interface Onlooker {
  readonly presence: Presence
  /** Ids of who is here, now. */
  present(): readonly string[]
  /** The codes of what was not taken. */
  readonly refused: string[]
  /** What was taken, as `type:bytes`. */
  readonly said: string[]
  /** Waits until exactly these accounts are here. @throws after a while, with who is. */
  sees(...accounts: readonly Client[]): Promise<void>
  /** Waits until the log in force is of this epoch or a newer one, and a socket of it is open. */
  reaches(epoch: number): Promise<void>
  /** The code of the error that ended it; `null` where it was stopped. */
  readonly ended: Promise<string | null>
  stop(): Promise<void>
}

const NEVER_MS = 600_000

/** Resolves once the socket is open: what was said before is never heard. */
export async function openOnlooker(
  client: Client,
  meetingId: MeetingId,
  onSaid: (statement: PresenceStatement) => void = () => undefined,
): Promise<Onlooker> {
  const [refused, said]: [string[], string[]] = [[], []]
  let newest: MeetingLog | null = null
  const presence = new Presence(client, {
    onRefused: ({ code }) => refused.push(code),
    onSaid: (statement) => {
      said.push(`${statement.type}:${new TextDecoder().decode(statement.body)}`)
      onSaid(statement)
    },
  })
  const ending = new AbortController()
  const onChange = (log: MeetingLog): void => {
    newest = log
  }
  const options = { signal: ending.signal, onChange, presence, pollMs: NEVER_MS }
  const ended = watchMeeting(client, meetingId, options).then(
    () => null,
    (error: unknown) => {
      if (!isArchiveError(error)) throw error
      return error.code
    },
  )
  const present = (): readonly string[] =>
    presence.present.map(({ genesisHash }) => formatId("account", idOfHash("account", genesisHash))).toSorted()
  await until(() => Promise.resolve(presence.say("a probe")), "a socket")
  return {
    presence,
    present,
    refused,
    said,
    ended,
    sees: async (...accounts) => {
      const wanted = accounts.map(idOf).toSorted().join()
      await until(() => Promise.resolve(present().join() === wanted), `${wanted}, where ${present().join()} are here,`)
    },
    reaches: async (epoch) => {
      const isThere = (): boolean => (newest?.current.keys.epoch ?? -1) >= epoch && presence.say("a probe")
      await until(() => Promise.resolve(isThere()), `epoch ${epoch}`)
    },
    stop: async () => {
      ending.abort()
      await ended
    },
  }
}

export function idOf({ state }: Client): string {
  return formatId("account", idOfHash("account", state.current.secrets.genesisHash))
}
