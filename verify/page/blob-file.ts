import { ArchiveError } from "../../shared/protocol/errors.js"
import type { RandomFile } from "../../client/verifier/verify-opening.js"

const PAGE_BYTES = 1024 * 1024
/** Pages in memory; the others are blobs, which browsers keep on disk where they are many. */
const PAGES_IN_MEMORY = 32

export interface BlobFile extends RandomFile {
  /** All that was written, from the beginning on. */
  blob(type: string): Blob
}

/** A file of a page that has none on disk. Places that nobody wrote take no room, and read as zeros. */
export function createBlobFile(): BlobFile {
  const pages = new Map<number, Uint8Array<ArrayBuffer> | Blob>()
  let sizeBytes = 0
  const toMemory = async (index: number): Promise<Uint8Array<ArrayBuffer>> => {
    const known = pages.get(index)
    const page =
      known === undefined
        ? new Uint8Array(PAGE_BYTES)
        : known instanceof Blob
          ? new Uint8Array(await known.arrayBuffer())
          : known
    // The one that was used last is the last.
    pages.delete(index)
    pages.set(index, page)
    const inMemory = [...pages].filter(([, held]) => !(held instanceof Blob))
    for (const [oldest, held] of inMemory.slice(0, Math.max(0, inMemory.length - PAGES_IN_MEMORY)))
      if (held instanceof Uint8Array) pages.set(oldest, new Blob([held]))
    return page
  }
  return {
    write: async (position, bytes) => {
      for (let taken = 0; taken < bytes.length;) {
        const [index, within] = placeOf(position + taken)
        const part = bytes.subarray(taken, taken + PAGE_BYTES - within)
        ;(await toMemory(index)).set(part, within)
        taken += part.length
      }
      sizeBytes = Math.max(sizeBytes, position + bytes.length)
    },
    read: async (start, end) => {
      if (end > sizeBytes) throw new ArchiveError("internal", "what was written is gone")
      const bytes = new Uint8Array(end - start)
      for (let filled = 0; filled < bytes.length;) {
        const [index, within] = placeOf(start + filled)
        const part = (await toMemory(index)).subarray(within, within + bytes.length - filled)
        bytes.set(part, filled)
        filled += part.length
      }
      return bytes
    },
    blob: (type) => {
      const count = Math.ceil(sizeBytes / PAGE_BYTES)
      const parts = Array.from({ length: count }, (_, index) => pages.get(index) ?? new Uint8Array(PAGE_BYTES))
      return new Blob(parts).slice(0, sizeBytes, type)
    },
  }
}

function placeOf(position: number): readonly [page: number, within: number] {
  return [Math.floor(position / PAGE_BYTES), position % PAGE_BYTES]
}
