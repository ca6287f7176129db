import { open } from "node:fs/promises"
import type { AssetSource } from "../sdk/upload/journal.js"
import type { PlaintextSource } from "../sdk/upload/piece-sealer.js"

/** A file as a source, from its beginning each time. */
export function fileSource(path: string, sizeBytes: number): AssetSource {
  return {
    sizeBytes,
    open: async () => {
      const file = await open(path, "r")
      return {
        read: async (into) => await readFully(async (part) => (await file.read(part, 0, part.length)).bytesRead, into),
        close: async () => {
          await file.close()
        },
      }
    },
  }
}

/** Fills `into` from short reads; fewer bytes mean that the source ended. */
export async function readFully(read: (into: Uint8Array) => Promise<number>, into: Uint8Array): Promise<number> {
  let filled = 0
  while (filled < into.length) {
    const count = await read(into.subarray(filled))
    if (count === 0) break
    filled += count
  }
  return filled
}

/** A stream's chunks, read in any portions. */
export function streamSource(stream: AsyncIterable<Uint8Array>): PlaintextSource {
  const chunks = stream[Symbol.asyncIterator]()
  let rest: Uint8Array = new Uint8Array(0)
  return {
    read: async (into) =>
      await readFully(async (part) => {
        while (rest.length === 0) {
          const next = await chunks.next()
          if (next.done === true) return 0
          rest = next.value
        }
        const taken = rest.subarray(0, part.length)
        part.set(taken)
        rest = rest.subarray(taken.length)
        return taken.length
      }, into),
  }
}
