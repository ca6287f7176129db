import { setTimeout as delay } from "node:timers/promises"
import * as z from "zod"
import { equalBytes, toHex } from "../../shared/protocol/bytes.js"
import type { CapabilityScope } from "../../shared/protocol/capability.js"
import { ArchiveError } from "../../shared/protocol/errors.js"
import { sha256 } from "../../shared/protocol/hash.js"
import { LIVE_LIMITS, LIVE_NAMESPACES, LIVE_NUDGES, type LiveKind, MESSAGES } from "../../shared/protocol/live.js"
import type { KeptMessage, MessageStore } from "../../shared/server/catalog/messages.js"
import { readStandings, type Standing } from "../../shared/server/catalog/standings.js"
import type { Catalog, Said } from "../../shared/server/ports.js"
import { ChatFeed, type SaidMessage } from "./chat-feed.js"
import { eventFrame } from "./packet.js"

/** A socket, and the token that it lives by. */
export interface Seat {
  readonly kind: LiveKind
  readonly subject: Uint8Array
  tokenHash: Uint8Array
  /** Of the token; the epoch of an account's is 0. */
  epoch: number
  scope: CapabilityScope
  /** What was said last, by the nudge's name. */
  readonly told: Map<string, string>
  readonly say: (name: keyof typeof LIVE_NUDGES, value: unknown) => void
  /** Whether it is there to be said more messages of the chat: not while too much waits. */
  readonly takesMessages: () => boolean
  /** Says what was made for many. */
  readonly give: (frame: Buffer) => void
  /** Passes on what somebody else said. */
  readonly hear: (sealed: Uint8Array) => void
  /** Called once, when it has no seat any more. */
  readonly end: (reason: ArchiveError) => void
}

/** How often every token is looked at, whatever was heard. */
const SWEEP_MS = 1_500
/** What was not looked at for so long is trusted no more: with the sweep's own time less than the 5 s that are promised. */
const TRUST_MS = 3_000
/** Between two looks: where a chat goes fast, each is for all that changed meanwhile. */
const LOOK_SPACING_MS = 250

type Nudges = readonly (readonly [name: keyof typeof LIVE_NUDGES, value: unknown, text: string])[]

/**
 * The sockets of this process. Each is held to the catalog: by a look at what is said to have changed, and by a sweep of all, one query each.
 * So a socket outlives neither its token nor its epoch by 5 s, whatever is lost between processes; without a catalog it ends, too. SPEC.md §11.1.
 */
export class Seats {
  readonly #catalog: Catalog
  readonly #onFailed: (error: unknown) => void
  readonly #chat: ChatFeed
  readonly #bySubject = new Map<string, Set<Seat>>()
  /** By meeting, what was said last of its chat on the sockets that took it. */
  readonly #said = new Map<string, string>()
  readonly #due = new Set<Seat>()
  readonly #sweeping: NodeJS.Timeout
  #isLooking = false
  #sweepIsDue = false
  #soundAtMs = performance.now()

  constructor(store: MessageStore & { readonly catalog: Catalog }, onFailed: (error: unknown) => void) {
    this.#catalog = store.catalog
    this.#onFailed = onFailed
    const show = (key: string, messages: readonly SaidMessage[]): void => {
      this.#show(key, messages)
    }
    this.#chat = new ChatFeed(store, show, onFailed)
    this.#sweeping = setInterval(() => {
      this.#sweep()
    }, SWEEP_MS)
  }

  /**
   * The subject that a token opens a socket for.
   * @throws {@link ArchiveError} `unauthenticated`; `forbidden` for a token of another kind, or of an older epoch.
   */
  async check(kind: LiveKind, token: Uint8Array): Promise<Pick<Seat, "subject" | "tokenHash" | "epoch" | "scope">> {
    const tokenHash = sha256(token)
    const standing = (await readStandings(this.#catalog, [tokenHash])).get(toHex(tokenHash))
    if (standing !== undefined && (standing.scope === "device") !== (kind === "account"))
      throw new ArchiveError("forbidden", "a token for something else")
    if (!isGood(standing)) throw refusalOf(standing)
    const { subject, epoch, scope } = standing
    return { subject, tokenHash, epoch, scope }
  }

  /** @throws {@link ArchiveError} `rate-limited` where its subject has too many. */
  take(seat: Seat): void {
    const key = toHex(seat.subject)
    const seats = this.#bySubject.get(key) ?? new Set()
    if (seats.size >= LIVE_LIMITS.socketsPerSubject)
      throw new ArchiveError("rate-limited", "too many sockets of one subject")
    this.#bySubject.set(key, seats.add(seat))
  }

  leave(seat: Seat): void {
    const key = toHex(seat.subject)
    const seats = this.#bySubject.get(key)
    seats?.delete(seat)
    if (seats?.size === 0) {
      this.#bySubject.delete(key)
      this.#said.delete(key)
      this.#chat.forget(key)
    }
    this.#due.delete(seat)
  }

  /** Goes on by a newer token. @throws {@link ArchiveError} as `check`; `forbidden` for another subject's. */
  async renew(seat: Seat, token: Uint8Array): Promise<void> {
    const { subject, ...held } = await this.check(seat.kind, token)
    if (!equalBytes(subject, seat.subject)) throw new ArchiveError("forbidden", "a token for something else")
    Object.assign(seat, held)
  }

  /**
   * Passes on what was said in an epoch of a meeting, to its seats but the speaker's. An older epoch's seats, which end soon, neither hear the newer
   * one's nor are heard by it. SPEC.md §11.2, PR1.
   */
  pass({ meetingId, epoch, sealed }: Said, speaker?: Seat): void {
    for (const seat of this.#bySubject.get(toHex(meetingId)) ?? [])
      if (seat !== speaker && seat.kind === "meeting" && seat.epoch === epoch) seat.hear(sealed)
  }

  /** Says where the subject stands, as far as that was not said yet. */
  look(seats: Iterable<Seat>): void {
    for (const seat of seats) this.#due.add(seat)
    void this.#lookAtDue()
  }

  /** A word that a subject changed; it may be false. */
  changed(subject: Uint8Array): void {
    this.#chat.changed(subject)
    this.look(this.#bySubject.get(toHex(subject)) ?? [])
  }

  /** Messages of a meeting that this process kept: nothing else of it changed. */
  kept(meetingId: Uint8Array, messages: readonly KeptMessage[]): void {
    // Whoever was not told yet where the meeting stands may be told of less.
    if (!this.#chat.kept(meetingId, messages)) this.look(this.#bySubject.get(toHex(meetingId)) ?? [])
  }

  /** Ends every socket. */
  close(reason: ArchiveError): void {
    clearInterval(this.#sweeping)
    this.#endAll(reason)
  }

  #show(key: string, messages: readonly SaidMessage[]): void {
    const count = (messages.at(-1)?.seq ?? -1) + 1
    const told = JSON.stringify(z.encode(LIVE_NUDGES.chat, { count }))
    const frame = eventFrame(LIVE_NAMESPACES.meeting, MESSAGES, { messages })
    this.#said.set(key, told)
    for (const seat of this.#bySubject.get(key) ?? []) {
      if (!seat.takesMessages()) continue
      seat.told.set("chat", told)
      seat.give(frame)
    }
  }

  #sweep(): void {
    const now = performance.now()
    if (this.#bySubject.size === 0) this.#soundAtMs = now
    else if (now - this.#soundAtMs >= TRUST_MS)
      this.#endAll(new ArchiveError("unavailable", "whether this token is still good can't be looked up"))
    else {
      this.#sweepIsDue = true
      this.look(this.#all())
    }
  }

  async #lookAtDue(): Promise<void> {
    if (this.#isLooking) return
    this.#isLooking = true
    try {
      while (this.#due.size > 0) {
        const looked = [...this.#due].map((seat) => ({ seat, tokenHash: seat.tokenHash }))
        this.#due.clear()
        const [isSweep, startedMs] = [this.#sweepIsDue, performance.now()]
        this.#sweepIsDue = false
        const standings = await readStandings(
          this.#catalog,
          looked.map(({ tokenHash }) => tokenHash),
        )
        const nudges = new Map<string, Nudges>()
        for (const { seat, tokenHash } of looked) {
          // It may have gone, or been renewed, while the catalog was asked; a renewed one is the next sweep's.
          if (seat.tokenHash === tokenHash && this.#isSeated(seat))
            this.#apply(seat, standings.get(toHex(tokenHash)), isSweep, nudges)
        }
        if (isSweep) this.#soundAtMs = startedMs
        if (this.#due.size > 0) await delay(LOOK_SPACING_MS)
      }
    } catch (error) {
      this.#onFailed(error)
    } finally {
      this.#isLooking = false
    }
  }

  /** @param known of each subject what was made for its other sockets. */
  #apply(seat: Seat, standing: Standing | undefined, isSweep: boolean, known: Map<string, Nudges>): void {
    if (!isGood(standing)) {
      this.leave(seat)
      seat.end(refusalOf(standing))
      return
    }
    const key = toHex(seat.subject)
    // Of messages that just came the chat's feed speaks; a sweep tells whoever it did not reach, and nobody of what it is about to say.
    if (seat.kind === "meeting" && !this.#chat.stands(seat.subject, standing.messages)) this.#said.delete(key)
    const isReached = seat.told.has("chat") && (!isSweep || seat.told.get("chat") === this.#said.get(key))
    const nudges = known.get(key) ?? nudgesOf(seat.kind, standing)
    known.set(key, nudges)
    for (const [name, value, text] of nudges) {
      if (seat.told.get(name) === text || (name === "chat" && isReached)) continue
      seat.told.set(name, text)
      seat.say(name, value)
    }
  }

  #isSeated(seat: Seat): boolean {
    return this.#bySubject.get(toHex(seat.subject))?.has(seat) === true
  }

  #all(): readonly Seat[] {
    return [...this.#bySubject.values()].flatMap((seats) => [...seats])
  }

  #endAll(reason: ArchiveError): void {
    const seats = this.#all()
    this.#bySubject.clear()
    this.#due.clear()
    for (const seat of seats) seat.end(reason)
  }
}

/** Whether a token carries a socket. */
function isGood(standing: Standing | undefined): standing is Standing {
  return standing !== undefined && standing.epoch === standing.newestEpoch
}

function refusalOf(standing: Standing | undefined): ArchiveError {
  return standing === undefined
    ? new ArchiveError("unauthenticated", "a token that is unknown or has expired")
    : new ArchiveError("forbidden", "a token of an older epoch")
}

function nudgesOf(kind: LiveKind, { head, messages, keyring, inbox }: Standing): Nudges {
  const values: (readonly [keyof typeof LIVE_NUDGES, unknown])[] =
    kind === "meeting"
      ? [
          ["log", z.encode(LIVE_NUDGES.log, head)],
          ["chat", z.encode(LIVE_NUDGES.chat, { count: messages })],
        ]
      : [
          ["chain", z.encode(LIVE_NUDGES.chain, head)],
          ["inbox", z.encode(LIVE_NUDGES.inbox, inbox)],
          ...(keyring === null ? [] : [["keyring", z.encode(LIVE_NUDGES.keyring, keyring)] as const]),
        ]
  return values.map(([name, value]) => [name, value, JSON.stringify(value)])
}
