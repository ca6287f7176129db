import { equalBytes, toHex } from "../../shared/protocol/bytes.js"
import { ArchiveError, isArchiveError } from "../../shared/protocol/errors.js"
import { PRESENCE_SESSION_BYTES, type PresenceStatement } from "../../shared/protocol/presence.js"
import { memberOf } from "../../shared/protocol/roster.js"
import { deviceSigner } from "../crypto/account-keys.js"
import type { MeetingLog } from "../crypto/meeting-log.js"
import { sealPresence } from "../crypto/presence.js"
import type { Client } from "./client.js"
import type { LineVoice } from "./live-line.js"
import type { LiveSocket } from "./live-socket.js"
import { PresenceJudge } from "./presence-judge.js"
import { maySealAtOnce } from "./standing.js"

/** Who has a meeting open now, said sealed over its socket and stored nowhere. SPEC.md §11.2. */

/** A member who has the meeting open, on one device or more. */
export interface PresentMember {
  readonly genesisHash: Uint8Array
  /** Since when this device knows so, by its own clock. */
  readonly sinceMs: number
}

export interface PresenceOptions {
  /** Called whenever somebody came or went. */
  readonly onChange?: ((present: readonly PresentMember[]) => void) | undefined
  /** Called with everything that was taken, whatever its type: verified as its author's, and never the same twice. */
  readonly onSaid?: ((said: PresenceStatement) => void) | undefined
  /** Told why something was not taken; nothing has to be done about it. */
  readonly onRefused?: ((error: ArchiveError) => void) | undefined
}

const HERE = "here"
const GONE = "gone"
const NO_BODY = new Uint8Array(0)

const HEARTBEAT_MS = 20_000
const HEARTBEAT_JITTER_MS = 3_000
/** Somebody of whom nothing was heard for so long is not here. PR7. */
const HELD_MS = 45_000
/** Who comes is answered within this, and as much longer for each who is here. PR8. */
const ANSWER_MS = 1_000
const ANSWER_PER_MEMBER_MS = 100
const ANSWER_SPACING_MS = 3_000
const SAYS_PER_MINUTE = 40
const HEARS_PER_SECOND = 100
const SECOND_MS = 1_000
const MINUTE_MS = 60_000

/** Made for one {@link watchMeeting}, whose socket it speaks and listens on. */
export class Presence implements LineVoice {
  readonly #client: Client
  readonly #options: PresenceOptions
  readonly #judge: PresenceJudge
  readonly #session: Uint8Array
  /** By device key and session. */
  readonly #here = new Map<string, PresentMember & { untilMs: number }>()
  readonly #saying = new Budget(SAYS_PER_MINUTE, MINUTE_MS)
  readonly #hearing = new Budget(HEARS_PER_SECOND, SECOND_MS)
  #socket: Pick<LiveSocket, "say"> | null = null
  #log: MeetingLog | null = null
  #counter = 0
  #isHere = false
  #saidMs = Number.NEGATIVE_INFINITY
  #dueMs = Number.POSITIVE_INFINITY
  #timer: ReturnType<typeof setTimeout> | undefined
  #told = ""

  constructor(client: Client, options: PresenceOptions = {}) {
    this.#client = client
    this.#options = options
    this.#judge = new PresenceJudge(client)
    this.#session = client.random(PRESENCE_SESSION_BYTES)
  }

  /** Who is here, each once, since longest first; this account where another of its devices or windows is. */
  get present(): readonly PresentMember[] {
    const members: PresentMember[] = []
    for (const { genesisHash, sinceMs } of [...this.#here.values()].toSorted((a, b) => a.sinceMs - b.sinceMs))
      if (!members.some((known) => equalBytes(known.genesisHash, genesisHash))) members.push({ genesisHash, sinceMs })
    return members
  }

  /** The meeting is before this person from now on. */
  come(): void {
    if (this.#isHere) return
    this.#isHere = true
    this.#sayHere()
  }

  /** It isn't any more. */
  go(): void {
    if (!this.#isHere) return
    this.#isHere = false
    this.#dueMs = Number.POSITIVE_INFINITY
    this.say(GONE)
  }

  /**
   * Says something to whoever has the meeting open, once, best effort.
   * @returns whether it went out: not without a socket, above 40 a minute, or where nothing is sealed. @throws {@link ArchiveError} `too-large`.
   */
  say(type: string, body: Uint8Array = NO_BODY): boolean {
    const log = this.#log
    const { clock, state, random } = this.#client
    const timeMs = clock.nowMs()
    if (log === null || this.#socket === null || !maySealAtOnce(this.#client, log) || !this.#saying.take(timeMs))
      return false
    const { secrets } = state.current
    const own = log.memberChains.find(({ genesisHash }) => equalBytes(genesisHash, secrets.genesisHash))
    if (own === undefined) return false
    const { genesisHash: authorGenesisHash, headHash: authorChainHead } = own
    const [session, counter] = [this.#session, this.#counter++]
    const said = {
      meetingHash: log.meetingHash,
      authorGenesisHash,
      authorChainHead,
      session,
      counter,
      timeMs,
      type,
      body,
    }
    this.#socket.say(sealPresence(log.current.keys, said, deviceSigner(secrets), random))
    return true
  }

  /** Called by the watch with each log that it verified. */
  follow(log: MeetingLog): void {
    this.#log = log
    this.#judge.follow(log)
    for (const [key, { genesisHash }] of this.#here)
      if (memberOf(log.current.roster, genesisHash) === undefined) this.#here.delete(key)
    this.#changed()
  }

  attach(socket: Pick<LiveSocket, "say"> | null): void {
    this.#socket = socket
    if (socket !== null && this.#isHere) this.#sayHere()
    this.#schedule()
  }

  hear(sealed: Uint8Array): void {
    if (this.#hearing.take(this.#client.clock.nowMs())) this.#hear(sealed, true)
  }

  /** Called by the watch when it ends: nobody is here for this any more. */
  end(): void {
    this.go()
    this.#here.clear()
    this.#changed()
  }

  #hear(sealed: Uint8Array, mayFetch: boolean): void {
    const log = this.#log
    if (log === null || !isInForce(log)) return
    try {
      const again = mayFetch
        ? () => {
            this.#hear(sealed, false)
          }
        : undefined
      const said = this.#judge.judge(log, sealed, again)
      // Its own, sent back.
      if (equalBytes(said.session, this.#session)) return
      this.#apply(said)
      this.#options.onSaid?.(said)
    } catch (error) {
      if (!isArchiveError(error)) throw error
      this.#options.onRefused?.(error)
    }
  }

  #apply({ type, authorGenesisHash, deviceKey, session }: PresenceStatement): void {
    const key = `${toHex(deviceKey)} ${toHex(session)}`
    const nowMs = this.#client.clock.nowMs()
    const known = this.#here.get(key)
    if (type === GONE) this.#here.delete(key)
    if (type === HERE) {
      const sinceMs = known?.sinceMs ?? nowMs
      this.#here.set(key, { genesisHash: authorGenesisHash, sinceMs, untilMs: nowMs + HELD_MS })
      if (known === undefined) this.#answer(nowMs)
    }
    this.#changed()
  }

  /** Who came does not know yet that this one is here. */
  #answer(nowMs: number): void {
    if (!this.#isHere) return
    const perMemberMs = this.#here.size * ANSWER_PER_MEMBER_MS
    const soonMs = nowMs + (ANSWER_MS + perMemberMs) * this.#chance()
    this.#dueMs = Math.min(this.#dueMs, Math.max(soonMs, this.#saidMs + Math.max(ANSWER_SPACING_MS, perMemberMs)))
    this.#schedule()
  }

  #sayHere(): void {
    const nowMs = this.#client.clock.nowMs()
    if (this.say(HERE)) this.#saidMs = nowMs
    this.#dueMs = nowMs + HEARTBEAT_MS + HEARTBEAT_JITTER_MS * (2 * this.#chance() - 1)
    this.#schedule()
  }

  /** Forgets who was held for too long, and tells where that, or anything before, changed who is here. */
  #changed(): void {
    const nowMs = this.#client.clock.nowMs()
    for (const [key, { untilMs }] of this.#here) if (untilMs <= nowMs) this.#here.delete(key)
    this.#schedule()
    const { present } = this
    const now = present.map(({ genesisHash }) => toHex(genesisHash)).join()
    if (now === this.#told) return
    this.#told = now
    this.#options.onChange?.(present)
  }

  #schedule(): void {
    clearTimeout(this.#timer)
    const nextMs = Math.min(
      this.#isHere && this.#socket !== null ? this.#dueMs : Number.POSITIVE_INFINITY,
      ...[...this.#here.values()].map(({ untilMs }) => untilMs),
    )
    if (nextMs === Number.POSITIVE_INFINITY) return
    const nowMs = this.#client.clock.nowMs()
    this.#timer = setTimeout(
      () => {
        if (this.#isHere && this.#socket !== null && this.#dueMs <= this.#client.clock.nowMs()) this.#sayHere()
        this.#changed()
      },
      Math.max(1, nextMs - nowMs),
    )
  }

  #chance(): number {
    const [chance = 0] = this.#client.random(1)
    return chance / 256
  }
}

/** What is heard is of the newest epoch, where that is in force and this account in it. */
function isInForce(log: MeetingLog): boolean {
  return log.isMember && log.newestEpochSeen === log.current.keys.epoch
}

/** So many in each window of time. */
class Budget {
  readonly #most: number
  readonly #windowMs: number
  #endsMs = Number.NEGATIVE_INFINITY
  #left = 0

  constructor(most: number, windowMs: number) {
    this.#most = most
    this.#windowMs = windowMs
  }

  take(nowMs: number): boolean {
    if (nowMs >= this.#endsMs || nowMs < this.#endsMs - this.#windowMs) {
      this.#endsMs = nowMs + this.#windowMs
      this.#left = this.#most
    }
    return this.#left-- > 0
  }
}
