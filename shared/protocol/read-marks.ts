import { type CborValue, readArray, readBytes } from "./cbor.js"
import { concatBytes, toHex, u64 } from "./bytes.js"
import { ArchiveError } from "./errors.js"
import { HASH_BYTES } from "./hash.js"
import { LIMITS } from "./limits.js"

/** Up to where an account looked at a meeting, on any of its devices. SPEC.md §5.4. */
export interface ReadMark {
  readonly meetingHash: Uint8Array
  /** So many first events of its log. */
  readonly events: number
  /** Of its chat everything before this place. */
  readonly chat: ChatPlace
}

/** Ordered by incarnation, then seq. */
export interface ChatPlace {
  readonly incarnation: number
  readonly seq: number
}

const MARK_BYTES = HASH_BYTES + 3 * 8

/** Every record has room for as many, so that its size says nothing of the number of meetings. */
export function readMarksBody(marks: readonly ReadMark[]): CborValue {
  const body = new Uint8Array(LIMITS.readMarksPerRecord * MARK_BYTES)
  const parts = marks.map(({ meetingHash, events, chat }) =>
    concatBytes(meetingHash, u64(events), u64(chat.incarnation), u64(chat.seq)),
  )
  body.set(concatBytes(...parts))
  return [body]
}

/** @throws {@link ArchiveError} `malformed`. */
export function readReadMarks(raw: CborValue | undefined): readonly ReadMark[] {
  const [joined] = readArray(raw, "read marks", 1)
  const body = readBytes(joined, "read marks", LIMITS.readMarksPerRecord * MARK_BYTES)
  const marks = Array.from({ length: LIMITS.readMarksPerRecord }, (_, index): ReadMark => {
    const at = index * MARK_BYTES
    const view = new DataView(body.buffer, body.byteOffset + at + HASH_BYTES, 3 * 8)
    return {
      meetingHash: body.slice(at, at + HASH_BYTES),
      events: readU64(view, 0),
      chat: { incarnation: readU64(view, 8), seq: readU64(view, 16) },
    }
  })
  const used = marks.filter(({ meetingHash }) => meetingHash.some((byte) => byte !== 0))
  if (used.length === 0 || marks.slice(0, used.length).some((mark, index) => mark !== used[index]))
    throw new ArchiveError("malformed", "read marks of no meeting, or with room between them")
  if (marks.slice(used.length).some(({ events, chat }) => events + chat.incarnation + chat.seq > 0))
    throw new ArchiveError("malformed", "a read mark without a meeting")
  return used
}

function readU64(view: DataView, at: number): number {
  const value = view.getBigUint64(at)
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new ArchiveError("malformed", "a read mark beyond every number")
  return Number(value)
}

export function compareChatPlaces(a: ChatPlace, b: ChatPlace): number {
  return a.incarnation - b.incarnation || a.seq - b.seq
}

/** Of each meeting the furthest, in the order in which they were moved last. */
export function furthestMarks(marks: readonly ReadMark[]): readonly ReadMark[] {
  const furthest = new Map<string, ReadMark>()
  for (const mark of marks) {
    const key = toHex(mark.meetingHash)
    const before = furthest.get(key)
    furthest.delete(key)
    furthest.set(key, before === undefined ? mark : further(before, mark))
  }
  return [...furthest.values()]
}

/** Two marks of one meeting, taken together. */
function further(a: ReadMark, b: ReadMark): ReadMark {
  return {
    meetingHash: a.meetingHash,
    events: Math.max(a.events, b.events),
    chat: compareChatPlaces(a.chat, b.chat) < 0 ? b.chat : a.chat,
  }
}

/** As many as go into a record each, the first first. */
export function inRecords(marks: readonly ReadMark[]): readonly (readonly ReadMark[])[] {
  const most = LIMITS.readMarksPerRecord
  return Array.from({ length: Math.ceil(marks.length / most) }, (_, index) =>
    marks.slice(index * most, (index + 1) * most),
  )
}
