import { type Element, findElement, parseElement, viewOf } from "./ebml.js"

/** Whether a file can be started and seeked in by ranges as it is. */

/** Gives the bytes from `start` to before `end`, fewer where the file ends. */
export type ReadRange = (start: number, end: number) => Promise<Uint8Array>

/** A size of 32 bits, a type, and a size of 64 bits where the first is 1. ISO/IEC 14496-12, 4.2. */
const BOX_HEAD_BYTES = 16
/** More boxes than stand before the media of any file. */
const MOST_BOXES = 1_000
/** Matroska's elements, by their ids. RFC 8794, RFC 9559. */
const EBML = { head: 0x1a45dfa3, docType: 0x4282, segment: 0x18538067, cues: 0x1c53bb6b, cluster: 0x1f43b675 } as const
const SEEK = { head: 0x114d9b74, entry: 0x4dbb, id: 0x53ab } as const
/** Larger than what stands before the first cluster that matters here. */
const SEEK_HEAD_BYTES = 64 * 1024
/** An id of up to 4 bytes, and a size of up to 8. */
const ELEMENT_HEAD_BYTES = 12

/** MP4 with its index in front and in one piece, or WebM that says where its cues are. Everything else is to be remuxed, if it can be. */
export async function isSeekable(read: ReadRange): Promise<boolean> {
  const start = await read(0, BOX_HEAD_BYTES)
  if (start.length < BOX_HEAD_BYTES) return false
  const view = viewOf(start)
  if (view.getUint32(0) === EBML.head) return await isSeekableWebm(read)
  return typeAt(start) === "ftyp" && (await isFastStart(read))
}

async function isFastStart(read: ReadRange): Promise<boolean> {
  let at = 0
  for (let count = 0; count < MOST_BOXES; count++) {
    const box = await readBox(read, at)
    if (box === null || box.type === "mdat" || box.type === "moof") return false
    // Fragments follow where the index says that it is extended.
    if (box.type === "moov") return !(await hasBox(read, at + box.headBytes, at + box.sizeBytes, "mvex"))
    at += box.sizeBytes
  }
  return false
}

async function hasBox(read: ReadRange, start: number, end: number, type: string): Promise<boolean> {
  let at = start
  for (let count = 0; at < end && count < MOST_BOXES; count++) {
    const box = await readBox(read, at)
    if (box === null) return false
    if (box.type === type) return true
    at += box.sizeBytes
  }
  return false
}

interface Box {
  readonly type: string
  readonly headBytes: number
  readonly sizeBytes: number
}

async function readBox(read: ReadRange, at: number): Promise<Box | null> {
  const head = await read(at, at + BOX_HEAD_BYTES)
  if (head.length < BOX_HEAD_BYTES / 2) return null
  const view = viewOf(head)
  const short = view.getUint32(0)
  const isLong = short === 1 && head.length === BOX_HEAD_BYTES
  const headBytes = isLong ? BOX_HEAD_BYTES : BOX_HEAD_BYTES / 2
  // A size of 0 reaches to the file's end.
  const sizeBytes = isLong ? Number(view.getBigUint64(8)) : short === 0 ? Number.MAX_SAFE_INTEGER : short
  return sizeBytes < headBytes ? null : { type: typeAt(head), headBytes, sizeBytes }
}

async function isSeekableWebm(read: ReadRange): Promise<boolean> {
  const head = await readElement(read, 0)
  if (head === null) return false
  const bytes = await read(0, Math.min(head.end, SEEK_HEAD_BYTES))
  const docType = findElement(bytes, head.start, bytes.length, EBML.docType)
  if (docType === null || !new TextDecoder().decode(bytes.subarray(docType.start, docType.end)).startsWith("webm"))
    return false
  const segment = await readElement(read, head.end)
  if (segment?.id !== EBML.segment) return false
  let at = segment.start
  for (let count = 0; count < MOST_BOXES; count++) {
    const element = await readElement(read, at)
    if (element === null || element.id === EBML.cluster) return false
    if (element.id === EBML.cues) return true
    if (element.id === SEEK.head)
      return namesCues(await read(element.start, Math.min(element.end, at + SEEK_HEAD_BYTES)))
    at = element.end
  }
  return false
}

function namesCues(seekHead: Uint8Array): boolean {
  for (let at = 0; at < seekHead.length;) {
    const entry = parseElement(seekHead, at)
    if (entry === null) return false
    const id = entry.id === SEEK.entry ? findElement(seekHead, entry.start, entry.end, SEEK.id) : null
    if (id !== null && id.end - id.start === 4 && viewOf(seekHead).getUint32(id.start) === EBML.cues) return true
    at = entry.end
  }
  return false
}

async function readElement(read: ReadRange, at: number): Promise<Element | null> {
  const element = parseElement(await read(at, at + ELEMENT_HEAD_BYTES), 0)
  return element === null ? null : { id: element.id, start: at + element.start, end: at + element.end }
}

function typeAt(head: Uint8Array): string {
  return String.fromCharCode(...head.subarray(4, 8))
}
