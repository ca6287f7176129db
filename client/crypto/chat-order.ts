import { equalBytes, toHex } from "../../shared/protocol/bytes.js"
import type { ChatHead } from "../../shared/protocol/chat-heads.js"
import { ZERO_HASH } from "../../shared/protocol/hash.js"
import { compareChatPlaces } from "../../shared/protocol/read-marks.js"
import type { ValidEpoch } from "./meeting-log.js"
import type { AuthenticMessage, ClosedMessage, JudgedMessage, RefusedMessage } from "./message-judge.js"

/** What messages say together that none of them says alone. SPEC.md §16.3. */

export interface MessageStanding {
  /** Whether it is known to have been there while its epoch was in force; one that is not is late. CH7. */
  readonly isVouched: boolean
  /** So many messages of its device come before it and were not given. CH6. */
  readonly missingBefore: number
  /**
   * How it contradicts others of its device: `fork`, another one has its counter; `link`, it names other bytes before it than are there; `order`, it
   * stands before one that its device wrote earlier. CH6.
   */
  readonly conflict: "fork" | "link" | "order" | null
}

export interface StandingMessage extends AuthenticMessage {
  readonly standing: MessageStanding
}

/** Places that the server said nothing of. */
export interface ChatGap {
  readonly kind: "gap"
  readonly fromSeq: number
  readonly untilSeq: number
}

export type ChatEntry = StandingMessage | RefusedMessage | ClosedMessage | ChatGap

export interface ChatKnowledge {
  /** Of the verified log, oldest first. */
  readonly epochs: readonly ValidEpoch[]
  /** Up to which of each device's messages this reader vouches itself. */
  readonly pins: readonly ChatHead[]
  /** Messages that are known to be vouched for by what came after them. */
  readonly vouched?: readonly ChatHead[]
  /** The places that were asked for: from the first to before the last. */
  readonly fromSeq: number
  readonly untilSeq: number
  /** Whether nothing was ever before `fromSeq`. */
  readonly isFromStart: boolean
}

/** All that was judged, in the order of the server's places, with what is missing or contradicts itself; nothing is left out. */
export function arrangeChat(judged: readonly JudgedMessage[], knowledge: ChatKnowledge): readonly ChatEntry[] {
  const placed = judged.toSorted((a, b) => compareChatPlaces(a.served, b.served))
  const distinct = withoutRepeats(placed)
  const standings = standingsOf(distinct, knowledge)
  const entries: ChatEntry[] = []
  let next = knowledge.fromSeq
  for (const message of distinct) {
    const { seq } = message.served
    if (seq > next) entries.push({ kind: "gap", fromSeq: next, untilSeq: seq })
    next = Math.max(next, seq + 1)
    if (message.kind !== "authentic") entries.push(message)
    else entries.push({ ...message, standing: standings.get(message) ?? UNKNOWN_STANDING })
  }
  if (next < knowledge.untilSeq) entries.push({ kind: "gap", fromSeq: next, untilSeq: knowledge.untilSeq })
  return entries
}

const UNKNOWN_STANDING: MessageStanding = { isVouched: false, missingBefore: 0, conflict: null }

/** The same id again counts nothing, whether it is the same message or not. CH5. */
function withoutRepeats(placed: readonly JudgedMessage[]): readonly JudgedMessage[] {
  const ids = new Set<string>()
  return placed.map((message): JudgedMessage => {
    if (message.kind !== "authentic") return message
    const id = toHex(message.messageId)
    if (!ids.has(id)) {
      ids.add(id)
      return message
    }
    const { served, hash } = message
    return { kind: "refused", served, hash, code: "replayed", reason: "a message whose id another one had before" }
  })
}

function standingsOf(
  placed: readonly JudgedMessage[],
  knowledge: ChatKnowledge,
): ReadonlyMap<AuthenticMessage, MessageStanding> {
  const vouchers = new Vouchers(knowledge)
  const isClosedBefore = closedCounts(placed)
  const ofDevices = groupBy(
    placed.filter((message) => message.kind === "authentic"),
    ({ statement }) => toHex(statement.deviceKey),
  )
  const found = new Map<AuthenticMessage, MessageStanding>()
  for (const [device, messages] of ofDevices)
    for (const [message, standing] of standingsOfDevice(device, messages, vouchers, isClosedBefore, knowledge))
      found.set(message, standing)
  return found
}

/** As `Map.groupBy`, which Node 20 has not. */
function groupBy<Key, Item>(items: readonly Item[], keyOf: (item: Item) => Key): ReadonlyMap<Key, readonly Item[]> {
  const groups = new Map<Key, Item[]>()
  for (const item of items) {
    const key = keyOf(item)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [item])
    else group.push(item)
  }
  return groups
}

/** How many closed messages stand before a place: behind them a counter may begin anywhere. */
function closedCounts(placed: readonly JudgedMessage[]): (message: AuthenticMessage) => number {
  const counts = new Map<JudgedMessage, number>()
  let closed = 0
  for (const message of placed) {
    counts.set(message, closed)
    if (message.kind === "closed") closed += 1
  }
  return (message) => counts.get(message) ?? 0
}

/** @param messages of one device, in the order of their places. */
function standingsOfDevice(
  device: string,
  messages: readonly AuthenticMessage[],
  vouchers: Vouchers,
  closedBefore: (message: AuthenticMessage) => number,
  knowledge: ChatKnowledge,
): readonly (readonly [AuthenticMessage, MessageStanding])[] {
  const outOfOrder = new Set<AuthenticMessage>()
  let highest = -1
  for (const message of messages) {
    if (message.statement.counter < highest) outOfOrder.add(message)
    highest = Math.max(highest, message.statement.counter)
  }
  const byCounter = groupBy(messages, ({ statement }) => statement.counter)
  const counters = [...byCounter.keys()].toSorted((a, b) => b - a)
  const vouched = new Set<AuthenticMessage>()
  const standings: (readonly [AuthenticMessage, MessageStanding])[] = []
  for (const [index, counter] of counters.entries()) {
    const here = byCounter.get(counter) ?? []
    const after = byCounter.get(counter + 1) ?? []
    const before = byCounter.get(counter - 1) ?? []
    const nextLower = counters[index + 1]
    for (const message of here) {
      const isLinked = after.some((later) => vouched.has(later) && links(later, message))
      if (isLinked || vouchers.vouchesFor(device, message)) vouched.add(message)
    }
    const vouchedHere = here.filter((message) => vouched.has(message)).length
    for (const message of here) {
      const isOnlyVouched = vouchedHere === 1 && vouched.has(message)
      const isForked = (here.length > 1 && !isOnlyVouched) || vouchers.contradicts(device, message)
      const linkIsBroken =
        counter === 0
          ? !equalBytes(message.statement.prev, ZERO_HASH)
          : before.length > 0 && !before.some((earlier) => links(message, earlier))
      const conflict = isForked ? "fork" : linkIsBroken ? "link" : outOfOrder.has(message) ? "order" : null
      standings.push([
        message,
        {
          isVouched: vouched.has(message),
          missingBefore: missingBefore(message, byCounter.get(nextLower ?? -1)?.[0], closedBefore, knowledge),
          conflict,
        },
      ])
    }
  }
  return standings
}

function links(later: AuthenticMessage, earlier: AuthenticMessage): boolean {
  return equalBytes(later.statement.prev, earlier.hash)
}

function missingBefore(
  message: AuthenticMessage,
  lower: AuthenticMessage | undefined,
  closedBefore: (message: AuthenticMessage) => number,
  { isFromStart }: ChatKnowledge,
): number {
  const { counter } = message.statement
  if (lower === undefined) return isFromStart && closedBefore(message) === 0 ? counter : 0
  return closedBefore(message) === closedBefore(lower) ? counter - lower.statement.counter - 1 : 0
}

/** What vouches for messages beside later ones of their own device. CH7. */
class Vouchers {
  readonly #epochs: readonly ValidEpoch[]
  readonly #pins: ReadonlyMap<string, ChatHead>
  readonly #vouched: ReadonlyMap<string, ChatHead>
  readonly #heads = new Map<number, ReadonlyMap<string, ChatHead>>()

  constructor({ epochs, pins, vouched = [] }: ChatKnowledge) {
    this.#epochs = epochs
    this.#pins = byDevice(pins)
    this.#vouched = byDevice(vouched)
  }

  vouchesFor(device: string, message: AuthenticMessage): boolean {
    if (message.epoch === this.#epochs.at(-1)?.keys.epoch) return true
    const heads = [this.#headsBehind(message.epoch), this.#pins, this.#vouched].map((each) => each.get(device))
    return heads.some((head) => head !== undefined && stands(head, message) && equalBytes(head.hash, message.hash))
  }

  /** Whether this reader found another message of the device at its place before. */
  contradicts(device: string, message: AuthenticMessage): boolean {
    const pin = this.#pins.get(device)
    return pin !== undefined && stands(pin, message) && !equalBytes(pin.hash, message.hash)
  }

  /** What the first epoch behind says that says something. */
  #headsBehind(epoch: number): ReadonlyMap<string, ChatHead> {
    let heads = this.#heads.get(epoch)
    if (heads === undefined) {
      heads = byDevice(
        this.#epochs.find(({ keys, chatHeads }) => keys.epoch > epoch && chatHeads !== null)?.chatHeads ?? [],
      )
      this.#heads.set(epoch, heads)
    }
    return heads
  }
}

function stands(head: ChatHead, message: AuthenticMessage): boolean {
  return head.counter === message.statement.counter
}

function byDevice(heads: readonly ChatHead[]): ReadonlyMap<string, ChatHead> {
  return new Map(heads.map((head) => [toHex(head.deviceKey), head]))
}

/**
 * The newest message of each device that can be vouched for, `known` where none is newer: what the next epoch event says, and what this reader pins.
 * Sorted by device.
 */
export function chatHeadsOf(entries: readonly ChatEntry[], known: readonly ChatHead[]): readonly ChatHead[] {
  const heads = new Map(byDevice(known))
  for (const entry of entries) {
    if (entry.kind !== "authentic" || !entry.standing.isVouched || entry.standing.conflict === "fork") continue
    const { deviceKey, counter } = entry.statement
    const key = toHex(deviceKey)
    const before = heads.get(key)
    if (before === undefined || before.counter < counter) heads.set(key, { deviceKey, counter, hash: entry.hash })
  }
  return [...heads.entries()].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, head]) => head)
}
