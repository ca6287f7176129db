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

/** What stands first in a stream, which still gives it; empty where there is nothing. @throws {@link ArchiveError} `interrupted`. */
export async function peek(input: Readable): Promise<Uint8Array> {
  for (;;) {
    const start = input.read() as Buffer | null
    if (start !== null) {
      input.unshift(start)
      return start
    }
    if (input.readableEnded || input.destroyed) return new Uint8Array(0)
    await new Promise<void>((resolve, reject) => {
      const end = (): void => {
        input.off("readable", end).off("end", end).off("error", fail)
        resolve()
      }
      const fail = (error: Error): void => {
        input.off("readable", end).off("end", end)
        reject(error)
      }
      input.once("readable", end).once("end", end).once("error", fail)
    })
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
