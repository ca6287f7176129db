import { ArchiveError } from "../../../shared/protocol/errors.js"
import { freeBuffer } from "../platform/free-buffer.js"
import type { ReadRange } from "./container-layout.js"

export const WINDOW_BYTES = 1024 * 1024
/** Media, and the index or another track that lies elsewhere. */
const MOST_WINDOWS = 2

/**
 * Reads in windows of a file, each of which is freed when another takes its place: what is given out is a copy of what was asked for. A browser that streams a file
 * leaves all that went through to its garbage collector. Reading rejects as `read` does, and with an {@link ArchiveError} `changed` where that gives too little.
 */
export function windowed(read: ReadRange, sizeBytes: number): ReadRange {
  const windows: { readonly index: number; readonly bytes: Uint8Array }[] = []
  let turn: Promise<unknown> = Promise.resolve()

  async function windowAt(index: number): Promise<Uint8Array> {
    const at = windows.findIndex((window) => window.index === index)
    const [known] = at < 0 ? [] : windows.splice(at, 1)
    const start = index * WINDOW_BYTES
    const window = known ?? { index, bytes: await read(start, Math.min(sizeBytes, start + WINDOW_BYTES)) }
    windows.push(window)
    while (windows.length > MOST_WINDOWS) {
      const gone = windows.shift()
      if (gone !== undefined) freeBuffer(gone.bytes)
    }
    return window.bytes
  }

  async function copy(start: number, end: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(end - start)
    for (let filled = 0; filled < bytes.length;) {
      const at = start + filled
      const within = at % WINDOW_BYTES
      const part = (await windowAt(Math.floor(at / WINDOW_BYTES))).subarray(within, within + bytes.length - filled)
      if (part.length === 0) throw new ArchiveError("changed", "the file ends before its end")
      bytes.set(part, filled)
      filled += part.length
    }
    return bytes
  }

  // One after another: none is freed while another copies of it.
  return (start, end) => {
    const copied = turn.then(async () => await copy(start, end))
    turn = copied.catch(() => undefined)
    return copied
  }
}
