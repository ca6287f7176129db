import { createHash } from "node:crypto"
import { closeSync, fdatasync, fstatSync, mkdirSync, openSync, readSync, writeSync } from "node:fs"
import { dirname } from "node:path"
import { promisify } from "node:util"
import { equalBytes } from "../../shared/protocol/bytes.js"
import { systemErrorCode, translateFileError } from "../../shared/server/files.js"

/** A production's files as a thread writes and reads them that has nothing else to do: only what waits for the disk does not block it. */

/** What a bag's manifest says of a file, and how long it is. */
export interface HashedBytes {
  readonly sha512: Uint8Array
  readonly sizeBytes: number
}

/** What the catalog says of an object's bytes. */
export interface KnownBytes {
  readonly sha256: Uint8Array
  readonly sizeBytes: number
}

/** A file that is being written. */
export interface HashedFile {
  /** @throws {@link ArchiveError} `unavailable`, `out-of-space`. */
  add(bytes: Uint8Array): void
  /** Its bytes are durable when this resolves; its name is with its folder's. @throws as {@link add}. */
  commit(): Promise<HashedBytes>
  /** Ends the writing; what was written stays. */
  abandon(): void
}

/** Stays in a core's own cache while it is read, hashed and written. For larger writes Linux takes up to three times as long to find pages (ext4, measured). */
const COPY_BYTES = 1 << 16
/** One is enough: between reading and writing nothing else gets to run. */
const passing = Buffer.allocUnsafeSlow(COPY_BYTES)

const syncFile = promisify(fdatasync)

/** @throws {@link ArchiveError} `unavailable`, `out-of-space`. */
export function createHashedFile(path: string): HashedFile {
  const hash = createHash("sha512")
  let sizeBytes = 0
  const file = asProduction(() => {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    return openSync(path, "w", 0o600)
  })
  let isOpen = true
  const close = (): void => {
    if (!isOpen) return
    isOpen = false
    closeSync(file)
  }
  return {
    add: (bytes) => {
      hash.update(bytes)
      sizeBytes += bytes.length
      asProduction(() => {
        for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at, Math.min(COPY_BYTES, bytes.length - at))
      })
    },
    commit: async () => {
      await syncFile(file).catch((error: unknown) => {
        throw translateFileError(error, PRODUCTION)
      })
      asProduction(close)
      return { sha512: hash.digest(), sizeBytes }
    },
    abandon: close,
  }
}

/**
 * Copies a file whole and durably: what is hashed is what is written.
 * @returns `null` where there is no such file.
 * @throws {@link ArchiveError} `unavailable`, `out-of-space`.
 */
export async function copyHashed(from: string, to: string): Promise<HashedBytes | null> {
  const source = openIfThere(from, STORE)
  if (source === null) return null
  let copy: HashedFile | null = null
  try {
    copy = createHashedFile(to)
    readWhole(source, STORE, copy.add)
    return await copy.commit()
  } finally {
    closeSync(source)
    copy?.abandon()
  }
}

/**
 * Hashes a file that was written before, and makes sure that it is durable.
 * @returns `null` where there is none with these very bytes.
 * @throws {@link ArchiveError} `unavailable`.
 */
export async function hashWritten(path: string, { sha256, sizeBytes }: KnownBytes): Promise<HashedBytes | null> {
  const file = openIfThere(path, PRODUCTION)
  if (file === null) return null
  try {
    const found = fstatSync(file)
    if (!found.isFile() || found.size !== sizeBytes) return null
    const [known, hash] = [createHash("sha256"), createHash("sha512")]
    readWhole(file, PRODUCTION, (bytes) => {
      known.update(bytes)
      hash.update(bytes)
    })
    if (!equalBytes(known.digest(), sha256)) return null
    await syncFile(file).catch((error: unknown) => {
      throw translateFileError(error, PRODUCTION)
    })
    return { sha512: hash.digest(), sizeBytes }
  } finally {
    closeSync(file)
  }
}

const STORE = "the object store"
const PRODUCTION = "the production's folder"

function openIfThere(path: string, what: string): number | null {
  try {
    return openSync(path, "r")
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return null
    throw translateFileError(error, what)
  }
}

function readWhole(file: number, what: string, take: (bytes: Uint8Array) => void): void {
  for (;;) {
    const count = readPassing(file, what)
    if (count === 0) return
    take(passing.subarray(0, count))
  }
}

function readPassing(file: number, what: string): number {
  try {
    return readSync(file, passing, 0, COPY_BYTES, null)
  } catch (error) {
    throw translateFileError(error, what)
  }
}

function asProduction<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw translateFileError(error, PRODUCTION)
  }
}
