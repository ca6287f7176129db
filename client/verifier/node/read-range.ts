import type { FileHandle } from "node:fs/promises"
import type { ArchiveError } from "../../../shared/protocol/errors.js"

/** The bytes of a file from `start` to before `end`, all of them. @throws what `shorter` gives, where the file ends before. */
export async function readRange(
  handle: FileHandle,
  start: number,
  end: number,
  shorter: () => ArchiveError,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(end - start)
  for (let filled = 0; filled < bytes.length;) {
    const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, start + filled)
    if (bytesRead === 0) throw shorter()
    filled += bytesRead
  }
  return bytes
}
