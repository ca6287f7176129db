import { equalBytes, toHex } from "../../shared/protocol/bytes.js"
import { activeDevices, indexOfHead, isActiveAt, type VerifiedChain } from "../../shared/protocol/chain.js"
import { ArchiveError, isArchiveError } from "../../shared/protocol/errors.js"
import type { PresenceStatement } from "../../shared/protocol/presence.js"
import { memberOf } from "../../shared/protocol/roster.js"
import type { MeetingLog } from "../crypto/meeting-log.js"
import { openPresence } from "../crypto/presence.js"
import { fetchChainOf } from "./chains.js"
import type { Client } from "./client.js"

/** What is this far from the reader's clock is not taken. PR6. */
const WINDOW_MS = 60_000
/** Longer than anything passes that was said in a session. */
const REMEMBERED_MS = 2 * WINDOW_MS
const SESSIONS_PER_DEVICE = 64
/** An account's chain is asked for so seldom, whatever heads are named. PR5. */
const FETCH_SPACING_MS = 60_000

interface Session {
  counter: number
  heardMs: number
}

/** Whether what comes on a meeting's socket was said by a member, now, and for the first time. SPEC.md §11.2, PR3 to PR6. */
export class PresenceJudge {
  readonly #client: Client
  /** By device key, then by session. */
  readonly #sessions = new Map<string, Map<string, Session>>()
  /** Newer than the log's. */
  readonly #chains = new Map<string, VerifiedChain>()
  readonly #fetchedMs = new Map<string, number>()

  constructor(client: Client) {
    this.#client = client
  }

  /**
   * @param again called where this is to be judged once more, since the author's chain is known by then.
   * @throws {@link ArchiveError} `malformed`, `unsupported-version`, `cannot-open`, `bad-signature`, `not-authorised`, `replayed`, `rate-limited`.
   */
  judge(log: MeetingLog, sealed: Uint8Array, again?: () => void): PresenceStatement {
    const said = openPresence(log.current.keys, log.meetingHash, sealed)
    const nowMs = this.#client.clock.nowMs()
    if (Math.abs(said.timeMs - nowMs) > WINDOW_MS)
      throw new ArchiveError("replayed", "presence of another time than this device's clock says")
    this.#assertAuthored(log, said, nowMs, again)
    this.#take(said, nowMs)
    return said
  }

  /** What was fetched and the log knows by now is the log's again. */
  follow({ memberChains }: MeetingLog): void {
    for (const chain of memberChains) {
      const key = toHex(chain.genesisHash)
      if ((this.#chains.get(key)?.linkHashes.length ?? 0) <= chain.linkHashes.length) this.#chains.delete(key)
    }
  }

  #assertAuthored(log: MeetingLog, said: PresenceStatement, nowMs: number, again?: () => void): void {
    const { authorGenesisHash: author, authorChainHead, deviceKey } = said
    const member = memberOf(log.current.roster, author)
    if (member === undefined) throw new ArchiveError("not-authorised", "presence of someone who is no member")
    const chain =
      this.#chains.get(toHex(author)) ?? log.memberChains.find(({ genesisHash }) => equalBytes(genesisHash, author))
    const named = chain === undefined ? -1 : indexOfHead(chain, authorChainHead)
    if (chain === undefined || named < 0) {
      if (again !== undefined) this.#fetch(author, nowMs, again)
      throw new ArchiveError("not-authorised", "presence at a head that its author's chain is not known to have")
    }
    const isActive =
      named >= indexOfHead(chain, member.chainHead) &&
      isActiveAt(chain, deviceKey, named) &&
      activeDevices(chain).some(({ ed25519 }) => equalBytes(ed25519, deviceKey))
    if (!isActive) throw new ArchiveError("not-authorised", "presence by a device that is not its author's")
  }

  /** In the background: what comes meanwhile is dropped. */
  #fetch(author: Uint8Array, nowMs: number, again: () => void): void {
    const key = toHex(author)
    if (nowMs - (this.#fetchedMs.get(key) ?? Number.NEGATIVE_INFINITY) < FETCH_SPACING_MS) return
    this.#fetchedMs.set(key, nowMs)
    fetchChainOf(this.#client, author).then(
      (chain) => {
        this.#chains.set(key, chain)
        again()
      },
      // Reading the log meets the same, and says so.
      (error: unknown) => {
        if (!isArchiveError(error)) throw error
      },
    )
  }

  #take({ deviceKey, session, counter }: PresenceStatement, nowMs: number): void {
    const sessions = this.#sessions.get(toHex(deviceKey)) ?? new Map<string, Session>()
    for (const [key, { heardMs }] of sessions) if (nowMs - heardMs > REMEMBERED_MS) sessions.delete(key)
    this.#sessions.set(toHex(deviceKey), sessions)
    const known = sessions.get(toHex(session))
    if (known !== undefined && counter <= known.counter)
      throw new ArchiveError("replayed", "presence that was said before")
    if (known === undefined && sessions.size >= SESSIONS_PER_DEVICE)
      throw new ArchiveError("rate-limited", "too many sessions of one device")
    sessions.set(toHex(session), { counter, heardMs: nowMs })
  }
}
