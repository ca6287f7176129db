import { ArchiveError } from "../../../shared/protocol/errors.js"
import type { AssetSource } from "../../sdk/upload/journal.js"
import { freeBuffer } from "./free-buffer.js"

/** What is read at once: large enough for few turns, small enough that no copy of the file grows. */
const READ_BYTES = 4 * 1024 * 1024

/**
 * A file that a person picked, as a source of the size that it had then.
 * Reading rejects with an {@link ArchiveError} `changed` where the file was changed or is gone, and `unavailable` where the browser may not read it.
 */
export function fileSource(file: File): AssetSource {
  return {
    sizeBytes: file.size,
    open: () => {
      let position = 0
      return Promise.resolve({
        read: async (into) => {
          let filled = 0
          while (filled < into.length && position < file.size) {
            const end = Math.min(position + Math.min(READ_BYTES, into.length - filled), file.size)
            const part = await readSlice(file, position, end)
            into.set(part, filled)
            filled += part.length
            freeBuffer(part)
            position = end
          }
          return filled
        },
        close: () => Promise.resolve(),
      })
    },
  }
}

async function readSlice(file: File, start: number, end: number): Promise<Uint8Array> {
  try {
    return new Uint8Array(await file.slice(start, end).arrayBuffer())
  } catch (cause) {
    const name = cause instanceof DOMException ? cause.name : ""
    // Browsers compare the file's time and size with those when it was picked, and then say that it can't be read.
    throw name === "NotReadableError" || name === "NotFoundError"
      ? new ArchiveError("changed", "the file was changed, moved or deleted since it was chosen: choose it again", {
          cause,
        })
      : new ArchiveError("unavailable", "the browser can't read the file: choose it again", {
          cause,
          retryable: false,
        })
  }
}
