import { open } from "node:fs/promises"
import type { Readable } from "node:stream"
import { ArchiveError } from "../../shared/protocol/errors.js"
import type { AssetSource } from "../sdk/upload/journal.js"
import { sourceOf } from "../sdk/upload/once-source.js"

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

/** Standard input: its length is known at its end, and it comes once. Ctrl-C is never taken for its end. */
export function inputSource(input: Readable, signal: AbortSignal): AssetSource {
  signal.addEventListener("abort", () => {
    input.destroy(new ArchiveError("interrupted", "interrupted: call again to go on from here"))
  })
  return {
    sizeBytes: null,
    comesOnce: true,
    open: () =>
      Promise.resolve({
        ...sourceOf(input),
        close: () => {
          input.destroy()
          return Promise.resolve()
        },
      }),
  }
}

/** Fills `into` from short reads; fewer bytes mean that the source ended. */
async function readFully(read: (into: Uint8Array) => Promise<number>, into: Uint8Array): Promise<number> {
  let filled = 0
  while (filled < into.length) {
    const count = await read(into.subarray(filled))
    if (count === 0) break
    filled += count
  }
  return filled
}
