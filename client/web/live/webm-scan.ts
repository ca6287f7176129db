import { concatBytes } from "../../../shared/protocol/bytes.js"
import { ArchiveError } from "../../../shared/protocol/errors.js"
import { type Element, elementsIn, findElement, numberAt, parseElement, viewOf } from "../prepare/ebml.js"
import type { CaptureInit, CaptureScan, EntryPoint } from "./capture-scan.js"

/** WebM as a MediaRecorder writes it: clusters of unknown size, that begin with a key frame where there is a picture. RFC 9559. */

/** Elements by their ids. */
const ID = {
  head: 0x1a45dfa3,
  segment: 0x18538067,
  info: 0x1549a966,
  timestampScale: 0x2ad7b1,
  tracks: 0x1654ae6b,
  track: 0xae,
  trackNumber: 0xd7,
  trackType: 0x83,
  codec: 0x86,
  codecPrivate: 0x63a2,
  cluster: 0x1f43b675,
  timestamp: 0xe7,
  simpleBlock: 0xa3,
  blockGroup: 0xa0,
  block: 0xa1,
} as const
/** Those whose children are looked at. */
const ENTERED: ReadonlySet<number> = new Set([ID.segment, ID.cluster, ID.blockGroup])
const VIDEO = 1
/** An id of up to 4 bytes and a size of up to 8. */
const HEAD_BYTES = 12
/** Of a block: its track in up to 8 bytes, its time in 2, its flags in 1. */
const BLOCK_HEAD_BYTES = 11
const KEY_FRAME = 0x80
/** What stands before the first cluster is kept until that comes. */
const LIMIT_BYTES = 2 * 1024 * 1024
const DEFAULT_SCALE_NS = 1_000_000
const NS_PER_S = 1_000_000_000
const NOTHING = new Uint8Array(0)

interface Tracks {
  readonly type: string
  /** The number of the picture's track; `null` where there is none. */
  readonly video: number | null
  readonly scaleNs: number
}

/** Where a segment's bytes begin among those that are read; below 0 where its first ones were read before. */
interface SegmentStart {
  readonly at: number
  readonly segment: number
}

function segmentAt(starts: readonly SegmentStart[], place: number): number {
  return starts.findLast(({ at }) => at <= place)?.segment ?? 0
}

export class WebmScan implements CaptureScan {
  readonly #onPoint: (point: EntryPoint) => void
  /** `head`: before the first cluster; `search`: after a jump, before a cluster. */
  #mode: "head" | "search" | "media" = "head"
  #init: CaptureInit | null = null
  #tracks: Tracks = { type: "", video: null, scaleNs: DEFAULT_SCALE_NS }
  /** What was not read yet, and where in it segments begin, in order. */
  #rest: Uint8Array = NOTHING
  #restStarts: readonly SegmentStart[] = []
  /** Bytes of an element's body that nobody looks at. */
  #skipBytes = 0
  #endS = 0
  #cluster = { segment: 0, timestamp: 0, hasPoint: true }

  constructor(onPoint: (point: EntryPoint) => void) {
    this.#onPoint = onPoint
  }

  get init(): CaptureInit | null {
    return this.#init
  }

  get endS(): number {
    return this.#endS
  }

  jump(): void {
    this.#mode = this.#init === null ? "head" : "search"
    this.#rest = NOTHING
    this.#restStarts = []
    this.#skipBytes = 0
    this.#cluster = { segment: 0, timestamp: 0, hasPoint: true }
  }

  push(given: Uint8Array, segment: number): Uint8Array<ArrayBuffer> {
    const bytes = concatBytes(this.#rest, given)
    const starts = [...this.#restStarts, { at: this.#rest.length, segment }]
    const before = this.#mode
    let start = 0
    if (this.#mode === "head") start = this.#readHead(bytes) ?? bytes.length
    else if (this.#mode === "search") start = this.#search(bytes) ?? bytes.length
    if (this.#mode !== "media") {
      // The id of a cluster may be cut in two.
      const keptFrom = this.#mode === "head" ? 0 : Math.max(0, bytes.length - 2 * HEAD_BYTES)
      this.#keep(bytes, keptFrom, starts)
      return NOTHING
    }
    const end = this.#read(bytes, start, starts)
    this.#keep(bytes, end, starts)
    return new Uint8Array(before === "media" ? given : bytes.subarray(start))
  }

  #keep(bytes: Uint8Array, from: number, starts: readonly SegmentStart[]): void {
    this.#rest = bytes.slice(from)
    const first = starts.findLastIndex(({ at }) => at <= from)
    this.#restStarts = starts.slice(first).map(({ at, segment }) => ({ at: at - from, segment }))
    if (this.#rest.length > LIMIT_BYTES) throw notFollowed("nothing that can be played begins in it")
  }

  /** @returns where the first cluster begins, once all before it is there. */
  #readHead(bytes: Uint8Array): number | null {
    for (let at = 0; at + HEAD_BYTES <= bytes.length;) {
      const element = parseElement(bytes, at)
      if (element === null || (at === 0 && element.id !== ID.head)) throw notFollowed("it is no WebM")
      if (element.id === ID.cluster) {
        if (this.#tracks.type === "") throw notFollowed("it names no tracks")
        this.#init = { bytes: new Uint8Array(bytes.slice(0, at)), type: this.#tracks.type }
        this.#mode = "media"
        return at
      }
      if (element.id !== ID.segment && element.end > bytes.length) return null
      this.#tracks = tracksWith(this.#tracks, bytes, element)
      at = element.id === ID.segment ? element.start : element.end
    }
    return null
  }

  /** @returns where a cluster begins: its id with a size and, right behind that, the id of its time. */
  #search(bytes: Uint8Array): number | null {
    for (let at = 0; at + 2 * HEAD_BYTES <= bytes.length; at++) {
      if (bytes[at] !== 0x1f || viewOf(bytes).getUint32(at) !== ID.cluster) continue
      const cluster = parseElement(bytes, at)
      if (cluster === null || bytes[cluster.start] !== ID.timestamp) continue
      this.#mode = "media"
      return at
    }
    return null
  }

  /** Reads along what a player is given. @returns how far. */
  #read(bytes: Uint8Array, start: number, starts: readonly SegmentStart[]): number {
    let at = start + Math.min(this.#skipBytes, bytes.length - start)
    this.#skipBytes -= at - start
    while (this.#skipBytes === 0 && at + HEAD_BYTES <= bytes.length) {
      const element = parseElement(bytes, at)
      if (element === null) throw notFollowed("something in it is no element")
      const size = element.end - element.start
      const isBlock = element.id === ID.simpleBlock || element.id === ID.block
      if (ENTERED.has(element.id)) {
        if (element.id === ID.cluster) this.#cluster = { segment: segmentAt(starts, at), timestamp: 0, hasPoint: false }
        at = element.start
        continue
      }
      if (element.end === Number.MAX_SAFE_INTEGER) throw notFollowed("something in it has no end")
      const looksAt = isBlock ? Math.min(size, BLOCK_HEAD_BYTES) : element.id === ID.timestamp ? size : 0
      if (looksAt > HEAD_BYTES) throw notFollowed("a time in it is too large")
      if (element.start + looksAt > bytes.length) return at
      if (element.id === ID.timestamp) this.#cluster.timestamp = numberAt(bytes, element.start, size)
      if (isBlock) this.#seeBlock(bytes, element)
      at = Math.min(element.end, bytes.length)
      this.#skipBytes = element.end - at
    }
    return at
  }

  #seeBlock(bytes: Uint8Array, { id, start, end }: Element): void {
    const trackBytes = Math.clz32(bytes[start] ?? 0) - 23
    if (end - start < trackBytes + 3) throw notFollowed("a block in it is too short")
    const track = numberAt(bytes, start, trackBytes) - 2 ** (7 * trackBytes)
    const offset = viewOf(bytes).getInt16(start + trackBytes)
    const timeS = ((this.#cluster.timestamp + offset) * this.#tracks.scaleNs) / NS_PER_S
    if (Number.isFinite(timeS)) this.#endS = Math.max(this.#endS, timeS)
    const { video } = this.#tracks
    if (this.#cluster.hasPoint || (video !== null && track !== video)) return
    // Of a block in a group only what stands behind it tells; a player finds out.
    const isKey = video === null || id === ID.block || ((bytes[start + trackBytes + 2] ?? 0) & KEY_FRAME) !== 0
    this.#cluster.hasPoint = true
    if (isKey) this.#onPoint({ timeS, segment: this.#cluster.segment })
  }
}

function tracksWith(before: Tracks, bytes: Uint8Array, { id, start, end }: Element): Tracks {
  if (id === ID.info) {
    const scale = findElement(bytes, start, end, ID.timestampScale)
    return scale === null ? before : { ...before, scaleNs: numberAt(bytes, scale.start, scale.end - scale.start) }
  }
  if (id !== ID.tracks) return before
  const entries = [...elementsIn(bytes, start, end)].filter((entry) => entry.id === ID.track)
  const tracks = entries.map((entry) => {
    const field = (name: number): Uint8Array => {
      const found = findElement(bytes, entry.start, entry.end, name)
      return found === null ? NOTHING : bytes.subarray(found.start, found.end)
    }
    const numberOf = (name: number): number => numberAt(field(name), 0, field(name).length)
    return {
      number: numberOf(ID.trackNumber),
      isVideo: numberOf(ID.trackType) === VIDEO,
      codec: codecOf(new TextDecoder().decode(field(ID.codec)), field(ID.codecPrivate)),
    }
  })
  const video = tracks.find(({ isVideo }) => isVideo)?.number ?? null
  const type = `${video === null ? "audio" : "video"}/webm; codecs="${tracks.map(({ codec }) => codec).join()}"`
  return { ...before, video, type }
}

/** As https://www.w3.org/TR/mse-byte-stream-format-webm/ and the codecs' own documents name them; what they don't name no browser plays. */
function codecOf(id: string, codecPrivate: Uint8Array): string {
  if (id === "V_AV1") return av1(codecPrivate)
  return { V_VP8: "vp8", V_VP9: "vp9", A_OPUS: "opus", A_VORBIS: "vorbis" }[id] ?? id.replaceAll(/[^\w/.]/g, "_")
}

/** https://aomediacodec.github.io/av1-isobmff/#codecsparam, of the record in §2.3.3 there. */
function av1(record: Uint8Array): string {
  const [, second = 0x08, third = 0] = record
  const level = String(second & 0x1f).padStart(2, "0")
  const depth = (third & 0x40) === 0 ? "08" : (third & 0x20) === 0 ? "10" : "12"
  return `av01.${second >> 5}.${level}${(third & 0x80) === 0 ? "M" : "H"}.${depth}`
}

function notFollowed(why: string): ArchiveError {
  return new ArchiveError("unsupported", `this capture can't be followed: ${why}`)
}
