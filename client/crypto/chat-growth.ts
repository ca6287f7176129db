import { equalBytes, toHex } from "../../shared/protocol/bytes.js"
import type { ChatHead } from "../../shared/protocol/chat-heads.js"
import { ZERO_HASH } from "../../shared/protocol/hash.js"
import { arrangeChat, type ChatEntry, type ChatKnowledge, type StandingMessage } from "./chat-order.js"
import type { JudgedMessage, ServedMessage } from "./message-judge.js"

/** A chat that is arranged once, and grows at its ends by what is as everybody expects it; whatever else comes has all of it arranged anew. SPEC.md §16.3. */

export interface ArrangedChat {
  readonly entries: readonly ChatEntry[]
  /** The oldest message of it; `null` where there is none. */
  readonly oldest: ServedMessage | null
  readonly knowledge: ChatKnowledge
  readonly hasClosed: boolean
  /** Ids of what is in it, in hexadecimal. These, the begins, the ends and what was last grow along: what was grown once is not grown again. */
  readonly ids: Set<string>
  /** By device in hexadecimal, its message with the lowest counter. */
  readonly begins: Map<string, StandingMessage>
  readonly ends: Map<string, DeviceEnd>
  /** By device in hexadecimal, the hashes of its last messages by their counters: who pins what it hears names one of these, when more was heard already. */
  readonly lasts: Map<string, Map<number, Uint8Array>>
}

/** Of each device: more than come while a pin is written. */
const LASTS = 256

/** The message of a device with the highest counter. */
interface DeviceEnd {
  readonly counter: number
  readonly hash: Uint8Array
  /** Whether it is vouched for and contradicted by nothing: what comes behind says nothing more of it. */
  readonly isSettled: boolean
  /** From this counter on each message names the one before. */
  readonly linkedFrom: number
}

export function arrangeWhole(judged: readonly JudgedMessage[], knowledge: ChatKnowledge): ArrangedChat {
  return arranged(arrangeChat(judged, knowledge), knowledge)
}

function arranged(entries: readonly ChatEntry[], knowledge: ChatKnowledge): ArrangedChat {
  const ids = new Set<string>()
  const [begins, ends] = [new Map<string, StandingMessage>(), new Map<string, DeviceEnd>()]
  for (const entry of entries) {
    if (entry.kind !== "authentic") continue
    ids.add(toHex(entry.messageId))
    const { deviceKey, counter, prev } = entry.statement
    const device = toHex(deviceKey)
    const [begin, end] = [begins.get(device), ends.get(device)]
    if (begin === undefined || counter < begin.statement.counter) begins.set(device, entry)
    const isLinked = end?.isSettled === true && counter === end.counter + 1 && equalBytes(prev, end.hash)
    if (end === undefined || counter > end.counter)
      ends.set(device, {
        counter,
        hash: entry.hash,
        isSettled: isSettled(entry),
        linkedFrom: isLinked ? end.linkedFrom : counter,
      })
    else if (counter === end.counter) ends.set(device, { ...end, isSettled: false })
  }
  const oldest = entries.find((entry) => entry.kind !== "gap")?.served ?? null
  const hasClosed = entries.some(({ kind }) => kind === "closed")
  const lasts = new Map([...ends].map(([device, { counter, hash }]) => [device, new Map([[counter, hash]])]))
  return { entries, oldest, knowledge, ids, begins, ends, lasts, hasClosed }
}

function isSettled({ standing }: StandingMessage): boolean {
  return standing.isVouched && standing.conflict === null
}

/**
 * What `arrangeWhole` of all of it gives, where what came since continues what its devices wrote before, in the newest epoch.
 * @param since of the places from where `before` ended.
 * @returns `null` where it does not, or where anything else changed.
 */
export function continueChat(
  before: ArrangedChat,
  since: readonly JudgedMessage[],
  knowledge: ChatKnowledge,
): ArrangedChat | null {
  const known = before.knowledge
  const isSame =
    knowledge.epochs === known.epochs &&
    knowledge.fromSeq === known.fromSeq &&
    knowledge.isFromStart === known.isFromStart &&
    knowledge.untilSeq === known.untilSeq + since.length
  if (!isSame) return null
  const newest = knowledge.epochs.at(-1)?.keys.epoch
  const pins = byDevice(knowledge.pins)
  const added: StandingMessage[] = []
  const [ids, ends] = [new Set<string>(), new Map<string, DeviceEnd>()]
  let last = before.entries.findLast((entry) => entry.kind !== "gap")?.served
  for (const [index, message] of since.entries()) {
    const { served } = message
    const isNext =
      served.seq === known.untilSeq + index && (last === undefined || served.incarnation >= last.incarnation)
    if (message.kind !== "authentic" || !isNext || message.epoch !== newest) return null
    const [id, device] = [toHex(message.messageId), toHex(message.statement.deviceKey)]
    const { counter, prev } = message.statement
    const end = ends.get(device) ?? before.ends.get(device)
    const isFirst = counter === 0 ? equalBytes(prev, ZERO_HASH) : !knowledge.isFromStart
    const continues =
      end === undefined ? isFirst : end.isSettled && counter === end.counter + 1 && equalBytes(prev, end.hash)
    const pin = pins.get(device)
    const isContradicted = pin?.counter === counter && !equalBytes(pin.hash, message.hash)
    if (!continues || isContradicted || before.ids.has(id) || ids.has(id)) return null
    ids.add(id)
    ends.set(device, { counter, hash: message.hash, isSettled: true, linkedFrom: end?.linkedFrom ?? counter })
    added.push({ ...message, standing: { isVouched: true, missingBefore: 0, conflict: null } })
    last = served
  }
  const isPinnedAlike = pinsSayNoMore(known.pins, pins, (device, { counter, hash }) => {
    const end = ends.get(device)
    const isNewEnd = end?.counter === counter && equalBytes(end.hash, hash)
    return isNewEnd || isAmongLasts(before, device, counter, hash) ? (end ?? before.ends.get(device)) : undefined
  })
  if (!isPinnedAlike) return null
  for (const id of ids) before.ids.add(id)
  for (const [device, end] of ends) before.ends.set(device, end)
  for (const message of added) {
    const device = toHex(message.statement.deviceKey)
    if (!before.begins.has(device)) before.begins.set(device, message)
    const lasts = before.lasts.get(device) ?? new Map<number, Uint8Array>()
    before.lasts.set(device, lasts.set(message.statement.counter, message.hash))
    if (lasts.size > LASTS) lasts.delete(message.statement.counter - LASTS)
  }
  const entries = added.length === 0 ? before.entries : before.entries.concat(added)
  if (entries !== before.entries) grownFrom.set(entries, new WeakRef(before.entries))
  return { ...before, knowledge, oldest: before.oldest ?? added[0]?.served ?? null, entries }
}

/** Of what `continueChat` gave, the entries that it begins with: weak, or each message that comes would keep all arrays before it. */
const grownFrom = new WeakMap<readonly ChatEntry[], WeakRef<readonly ChatEntry[]>>()

/** Whether entries are known to be others, unchanged, and what came behind them; comparing all of them takes longer with each message. */
export function isContinued(before: readonly ChatEntry[], entries: readonly ChatEntry[]): boolean {
  return grownFrom.get(entries)?.deref() === before
}

/**
 * What `arrangeWhole` of all of it gives, where each device wrote what is older before what is there, and nothing is missing between.
 * @param older of the places right before `before`, in their order.
 * @returns `null` where that is not so, or where anything else changed.
 */
export function precedeChat(
  before: ArrangedChat,
  older: readonly JudgedMessage[],
  knowledge: ChatKnowledge,
): ArrangedChat | null {
  const known = before.knowledge
  const isSame =
    knowledge.epochs === known.epochs &&
    knowledge.untilSeq === known.untilSeq &&
    knowledge.fromSeq === known.fromSeq - older.length &&
    // Where nothing is before, what counters say is missing is missing.
    !knowledge.isFromStart &&
    !known.isFromStart
  const { oldest } = before
  if (!isSame || oldest === null) return null
  const isInOrder = older.every(({ served }, index) => {
    const next = older[index + 1]?.served ?? oldest
    return served.seq === knowledge.fromSeq + index && served.incarnation <= next.incarnation
  })
  const isPinnedAlike = pinsSayNoMore(known.pins, byDevice(knowledge.pins), (device, { counter, hash }) =>
    isAmongLasts(before, device, counter, hash) ? before.ends.get(device) : undefined,
  )
  if (!isInOrder || !isPinnedAlike) return null
  const begins = new Map<string, StandingMessage>()
  for (const message of older) {
    if (message.kind !== "authentic") continue
    if (before.ids.has(toHex(message.messageId))) return null
    const device = toHex(message.statement.deviceKey)
    const begin = before.begins.get(device)
    if (begin === undefined) continue
    const isBefore = message.statement.counter < begin.statement.counter
    if (!isBefore || before.hasClosed || begin.standing.conflict !== null) return null
    begins.set(device, begin)
  }
  // What is there already vouches for what it links to, whatever vouches for it.
  const vouched = [...begins.values()]
    .filter(({ standing }) => standing.isVouched)
    .map(({ statement: { deviceKey, counter }, hash }) => ({ deviceKey, counter, hash }))
  const place = { fromSeq: knowledge.fromSeq, untilSeq: known.fromSeq, isFromStart: false }
  const both = arrangeChat([...older, ...begins.values()], {
    ...place,
    epochs: knowledge.epochs,
    pins: knowledge.pins,
    vouched,
  })
  const isOlder = (entry: ChatEntry): boolean =>
    (entry.kind === "gap" ? entry.fromSeq : entry.served.seq) < known.fromSeq
  const added = arranged(both.filter(isOlder), knowledge)
  const changed = new Map<number, StandingMessage>()
  for (const entry of both)
    if (!isOlder(entry) && entry.kind === "authentic" && !isSettledWhole(entry)) changed.set(entry.served.seq, entry)
  const rest =
    changed.size === 0
      ? before.entries
      : before.entries.map((entry) => (entry.kind === "authentic" ? (changed.get(entry.served.seq) ?? entry) : entry))
  for (const id of added.ids) before.ids.add(id)
  for (const [device, begin] of added.begins) before.begins.set(device, begin)
  for (const [device, end] of added.ends) if (!before.ends.has(device)) before.ends.set(device, end)
  for (const [device, lasts] of added.lasts) if (!before.lasts.has(device)) before.lasts.set(device, lasts)
  return {
    ...before,
    knowledge,
    oldest: added.oldest ?? oldest,
    entries: [...added.entries, ...rest],
    hasClosed: before.hasClosed || added.hasClosed,
  }
}

/**
 * What older messages say nothing more of, as `arrangeWhole` of all of it gives it but for how many are missing before it, and a chat without it: only
 * `precedeChat` can go on with that. Of each device the message with the lowest counter stays, as what is before it may contradict it.
 */
export function settleChat(chat: ArrangedChat): {
  readonly settled: readonly ChatEntry[]
  readonly open: ArrangedChat
} {
  const begins = new Set([...chat.begins.values()].map(({ served }) => served.seq))
  const isOpen = (entry: ChatEntry): boolean => entry.kind === "authentic" && begins.has(entry.served.seq)
  return {
    settled: chat.entries.filter((entry) => !isOpen(entry)),
    // What is closed says only of what is before it that none of it can be told to be missing.
    open: { ...chat, entries: chat.entries.filter(isOpen), hasClosed: false },
  }
}

/** Whether it stands as the first message of its device that was read does. */
function isSettledWhole(message: StandingMessage): boolean {
  return isSettled(message) && message.standing.missingBefore === 0
}

/**
 * Whether each pin is as it was, or went on to what its device wrote last: that is vouched for without it, and so is all that links lead to from there.
 * @param endBehind the end of a device, where a pin names one of its last messages.
 */
function pinsSayNoMore(
  before: readonly ChatHead[],
  pins: ReadonlyMap<string, ChatHead>,
  endBehind: (device: string, pin: ChatHead) => DeviceEnd | undefined,
): boolean {
  const known = byDevice(before)
  if (known === pins) return true
  if ([...known.keys()].some((device) => !pins.has(device))) return false
  return [...pins].every(([device, pin]) => {
    const old = known.get(device)
    if (old?.counter === pin.counter && equalBytes(old.hash, pin.hash)) return true
    const end = endBehind(device, pin)
    return end?.isSettled === true && end.linkedFrom <= Math.min(pin.counter, old?.counter ?? pin.counter)
  })
}

function isAmongLasts({ lasts }: ArrangedChat, device: string, counter: number, hash: Uint8Array): boolean {
  const last = lasts.get(device)?.get(counter)
  return last !== undefined && equalBytes(last, hash)
}

const headsByDevice = new WeakMap<readonly ChatHead[], ReadonlyMap<string, ChatHead>>()

/** Pins are the same for many messages. */
function byDevice(heads: readonly ChatHead[]): ReadonlyMap<string, ChatHead> {
  const known = headsByDevice.get(heads)
  if (known !== undefined) return known
  const made = new Map(heads.map((head) => [toHex(head.deviceKey), head]))
  headsByDevice.set(heads, made)
  return made
}
