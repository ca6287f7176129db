import { freeBuffer } from "./free-buffer.js"

/**
 * Fills `into` with what is in a file or a part of one. @returns how many bytes it has.
 * `arrayBuffer` does the same, but what a browser reads with for it stays until its garbage is collected: twice the file, where nothing else makes any.
 */
export async function readBlob(blob: Blob, into: Uint8Array): Promise<number> {
  const reader = blob.stream().getReader()
  let filled = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return filled
    into.set(value, filled)
    filled += value.length
    freeBuffer(value)
  }
}
