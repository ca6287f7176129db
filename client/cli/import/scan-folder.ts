import { constants } from "node:fs"
import { lstat, open, readdir, realpath, stat } from "node:fs/promises"
import { createHash } from "node:crypto"
import { basename, join } from "node:path"
import { ArchiveError } from "../../../shared/protocol/errors.js"
import { type FoundFile, type LeftOut, MOST_FILES } from "../../sdk/imports/plan.js"
import { assertNotAborted } from "../../sdk/retry.js"

export const MOST_LEVELS = 8
const HASH_READ_BYTES = 1 << 20

export interface ScannedFolder {
  /** Where it truly is. */
  readonly root: string
  readonly name: string
  readonly files: readonly FoundFile[]
  readonly leftOut: readonly LeftOut[]
}

/**
 * The plain files of a folder and of those in it. No link is followed: what it leads to may lie outside, and was not given.
 * @throws {@link ArchiveError} `usage` where it is no folder that can be read, `too-large` where it has more than 10,000 files.
 */
export async function scanFolder(folder: string): Promise<ScannedFolder> {
  const root = await realpath(folder).catch((cause: unknown) => {
    throw new ArchiveError("usage", `${folder} can't be read: does it exist?`, { cause })
  })
  if (!(await stat(root)).isDirectory()) throw new ArchiveError("usage", `${folder} is no folder`)
  const files: FoundFile[] = []
  const leftOut: LeftOut[] = []
  const look = async (under: string, level: number): Promise<void> => {
    const names = await readdir(join(root, under)).catch((cause: unknown) => {
      if (under === "") throw new ArchiveError("usage", `${folder} can't be read: may you read it?`, { cause })
      leftOut.push({ path: under, reason: "unreadable" })
      return []
    })
    for (const name of names.toSorted()) {
      const path = under === "" ? name : `${under}/${name}`
      const info = await lstat(join(root, path)).catch(() => null)
      if (name.startsWith(".")) leftOut.push({ path, reason: "hidden" })
      else if (info === null) leftOut.push({ path, reason: "unreadable" })
      else if (info.isSymbolicLink()) leftOut.push({ path, reason: "link" })
      else if (info.isDirectory() && level < MOST_LEVELS) await look(path, level + 1)
      else if (info.isDirectory()) leftOut.push({ path, reason: "too-deep" })
      else if (!info.isFile()) leftOut.push({ path, reason: "no-plain-file" })
      else files.push({ path, sizeBytes: info.size, mtimeMs: info.mtimeMs })
      if (files.length > MOST_FILES)
        throw new ArchiveError("too-large", `${folder} has more than ${MOST_FILES} files: give a folder of it`)
    }
  }
  await look("", 0)
  return { root, name: basename(root), files, leftOut }
}

/** All of a small file; `null` where it is larger. Rejects where it can't be read, or has become a link. */
export async function readSmallFile(path: string, limitBytes: number): Promise<Uint8Array | null> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW)
  try {
    const { size } = await file.stat()
    return size > limitBytes ? null : new Uint8Array(await file.readFile())
  } finally {
    await file.close()
  }
}

/** SHA-256 of a file. Rejects where it can't be read. */
export async function hashFile(path: string, signal: AbortSignal): Promise<Uint8Array> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW)
  try {
    const hash = createHash("sha256")
    const buffer = new Uint8Array(HASH_READ_BYTES)
    for (;;) {
      assertNotAborted(signal)
      const { bytesRead } = await file.read(buffer, 0, buffer.length)
      if (bytesRead === 0) return new Uint8Array(hash.digest())
      hash.update(buffer.subarray(0, bytesRead))
    }
  } finally {
    await file.close()
  }
}
