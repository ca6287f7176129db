import { ArchiveError } from "../../shared/protocol/errors.js"

/** Where each byte of a tar (POSIX.1-1988, ustar) stands, so that any stretch of it can be made by itself. */

export const TAR_BLOCK_BYTES = 512
/** Two blocks of zeros end a tar. */
export const TAR_END_BYTES = 2 * TAR_BLOCK_BYTES
const NAME_BYTES = 100
const PREFIX_BYTES = 155
const OCTAL_SIZE_LIMIT = 8 ** 11

export interface TarEntry {
  /** Below the folder. */
  readonly path: string
  readonly sizeBytes: number
  /** Of its header. */
  readonly startBytes: number
}

export function layOut(files: readonly { readonly path: string; readonly sizeBytes: number }[]): {
  readonly entries: readonly TarEntry[]
  readonly sizeBytes: number
} {
  const entries: TarEntry[] = []
  let startBytes = 0
  for (const file of files) {
    entries.push({ ...file, startBytes })
    startBytes += TAR_BLOCK_BYTES + paddedTo(file.sizeBytes)
  }
  return { entries, sizeBytes: startBytes + TAR_END_BYTES }
}

export function paddedTo(sizeBytes: number): number {
  return Math.ceil(sizeBytes / TAR_BLOCK_BYTES) * TAR_BLOCK_BYTES
}

/** The header of a plain file: the same for the same file, so without its times and owner. @throws {@link ArchiveError} `usage` for a name that is too long. */
export function tarHeader(folder: string, { path, sizeBytes }: TarEntry): Uint8Array {
  const header = Buffer.alloc(TAR_BLOCK_BYTES)
  const [name, prefix] = [Buffer.from(path), Buffer.from(folder)]
  if (name.length > NAME_BYTES || prefix.length > PREFIX_BYTES)
    throw new ArchiveError("usage", `the name ${folder} is too long for a tar`)
  name.copy(header, 0)
  header.write("0000600\0", 100)
  header.write("0000000\0", 108)
  header.write("0000000\0", 116)
  if (sizeBytes < OCTAL_SIZE_LIMIT) header.write(`${sizeBytes.toString(8).padStart(11, "0")}\0`, 124)
  else {
    // As GNU tar and libarchive have it: a marker, then the number itself.
    header[124] = 0x80
    header.writeBigUInt64BE(BigInt(sizeBytes), 128)
  }
  header.write("00000000000\0", 136)
  header.write("        ", 148)
  header.write("0", 156)
  header.write("ustar\u000000", 257)
  prefix.copy(header, 345)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148)
  return header
}
