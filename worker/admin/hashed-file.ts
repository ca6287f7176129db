import { createHash } from "node:crypto"
import { closeSync, fdatasync, fstatSync, mkdirSync, openSync, readSync, writeSync } from "node:fs"
import { dirname } from "node:path"
import { promisify } from "node:util"
import { equalBytes } from "../../shared/protocol/bytes.js"
import { systemErrorCode, translateFileError } from "../../shared/server/files.js"
import { DirectWriting, giveBuffer, takeBuffer } from "./direct-writing.js"

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

/** A file that is being written, by one step at a time. */
export interface HashedFile {
  /** Where the next bytes go, never nothing. */
  room(): Uint8Array
  /** Takes what its {@link room} was filled with, from its beginning: then there is room again. @throws {@link ArchiveError} `unavailable`, `out-of-space`. */
  fill(filledBytes: number): Promise<void>
  /** Its bytes are durable when this resolves; its name is with its folder's. @throws as {@link fill}. */
  commit(): Promise<HashedBytes>
  /** Ends the writing; what was written stays. */
  abandon(): void
}

/** Stays in a core's own cache while it is read and hashed. */
const STEP_BYTES = 1 << 16

/** One is enough: between reading and hashing nothing else gets to run. */
const passing = Buffer.allocUnsafeSlow(STEP_BYTES)

const syncFile = promisify(fdatasync)

/** @throws {@link ArchiveError} `unavailable`, `out-of-space`. */
export function createHashedFile(path: string): HashedFile {
  const hash = createHash("sha512")
  const file = asProduction(() => {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    return openSync(path, "w", 0o600)
  })
  const direct = new DirectWriting(path)
  const buffer = takeBuffer()
  let [filledBytes, writtenBytes] = [0, 0]
  let isOpen = true
  const close = (): void => {
    if (!isOpen) return
    isOpen = false
    giveBuffer(buffer)
    direct.close()
    closeSync(file)
  }
  const writeRest = (from: number): void => {
    asProduction(() => {
      for (let at = from; at < filledBytes;)
        at += writeSync(file, buffer, at, Math.min(STEP_BYTES, filledBytes - at), writtenBytes + at)
    })
    writtenBytes += filledBytes
    filledBytes = 0
  }
  return {
    room: () => buffer.subarray(filledBytes, filledBytes + STEP_BYTES),
    fill: async (count) => {
      hash.update(buffer.subarray(filledBytes, filledBytes + count))
      filledBytes += count
      if (filledBytes === buffer.length) writeRest(await direct.write(buffer, writtenBytes))
    },
    commit: async () => {
      writeRest(0)
      await syncFile(file).catch((error: unknown) => {
        throw translateFileError(error, PRODUCTION)
      })
      asProduction(close)
      return { sha512: hash.digest(), sizeBytes: writtenBytes }
    },
    abandon: close,
  }
}

/** Adds bytes from elsewhere. @throws as {@link HashedFile.fill}. */
export async function addBytes(file: HashedFile, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const room = file.room()
    const part = bytes.subarray(at, at + room.length)
    room.set(part)
    await file.fill(part.length)
    at += part.length
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
    for (;;) {
      const count = readInto(copy.room(), source, STORE)
      if (count === 0) return await copy.commit()
      await copy.fill(count)
    }
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
    for (;;) {
      const count = readInto(passing, file, PRODUCTION)
      if (count === 0) break
      known.update(passing.subarray(0, count))
      hash.update(passing.subarray(0, count))
    }
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

function readInto(bytes: Uint8Array, file: number, what: string): number {
  try {
    return readSync(file, bytes, 0, bytes.length, null)
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
