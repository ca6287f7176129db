import { type FileHandle, open, stat } from "node:fs/promises"
import { dirname } from "node:path"
import { ArchiveError } from "../../shared/protocol/errors.js"
import { SEGMENT_PLAINTEXT_BYTES } from "../../shared/protocol/sizes.js"
import type { AssetReader } from "../sdk/reader/asset-reader.js"
import { assertNotAborted } from "../sdk/retry.js"
import type { ByteRange } from "./arguments.js"

const WRITE_BYTES = 1 << 20

/** A file that holds the verified beginning of a download, and has no final name yet. */
export async function openPartial(path: string): Promise<FileHandle> {
  try {
    return await open(path, (await stat(path).catch(() => null))?.isFile() === true ? "r+" : "wx", 0o600)
  } catch (cause) {
    throw writeError(path, cause)
  }
}

/**
 * How many bytes at the beginning of a partial file are the recording's, so that they need not be fetched again. Other programs may have changed the
 * file, and a power cut may have lost some of it: so each segment is sealed again and compared with its published hash.
 * @param range what of the recording the file will hold.
 */
export async function keptBytes(
  file: FileHandle,
  reader: AssetReader,
  range: ByteRange,
  signal: AbortSignal,
): Promise<number> {
  const sizeBytes = Math.min((await file.stat()).size, range.end - range.start + 1)
  let segment = Math.ceil(range.start / SEGMENT_PLAINTEXT_BYTES)
  let kept = segment * SEGMENT_PLAINTEXT_BYTES - range.start
  // Nothing tells of a part of a segment whether it is right.
  if (kept + SEGMENT_PLAINTEXT_BYTES > sizeBytes) return 0
  if (kept > 0) {
    const writer = new BufferedWriter(file, 0)
    for await (const bytes of reader.read(range.start, range.start + kept - 1, signal)) await writer.write(bytes)
    await writer.flush()
  }
  const plaintext = new Uint8Array(SEGMENT_PLAINTEXT_BYTES)
  for (; kept + plaintext.length <= sizeBytes; kept += plaintext.length, segment++) {
    assertNotAborted(signal)
    const { bytesRead } = await file.read(plaintext, 0, plaintext.length, kept)
    if (bytesRead < plaintext.length || !(await reader.isSegment(segment, plaintext, signal))) break
  }
  return kept
}

/** Few large writes instead of many small ones. */
export class BufferedWriter {
  readonly #file: FileHandle
  readonly #buffer = new Uint8Array(WRITE_BYTES)
  #filled = 0
  #position: number

  constructor(file: FileHandle, position: number) {
    this.#file = file
    this.#position = position
  }

  /** @param bytes at most 1 MiB. */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.#filled + bytes.length > this.#buffer.length) await this.flush()
    this.#buffer.set(bytes, this.#filled)
    this.#filled += bytes.length
  }

  async flush(): Promise<void> {
    try {
      for (let written = 0; written < this.#filled;) {
        const left = this.#filled - written
        written += (await this.#file.write(this.#buffer, written, left, this.#position + written)).bytesWritten
      }
    } catch (cause) {
      throw writeError("the file", cause)
    }
    this.#position += this.#filled
    this.#filled = 0
  }
}

function writeError(path: string, cause: unknown): ArchiveError {
  const isFull = ["ENOSPC", "EDQUOT"].includes(String(Reflect.get(cause as object, "code")))
  return isFull
    ? new ArchiveError("out-of-space", "there is no space left: make some, and call again to go on from here", {
        cause,
      })
    : new ArchiveError("usage", `nothing can be written in ${dirname(path)}`, { cause })
}
