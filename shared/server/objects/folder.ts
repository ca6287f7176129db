import { createHash, randomBytes } from "node:crypto"
import { createReadStream } from "node:fs"
import { type FileHandle, mkdir, open, readdir, rename, rm, stat, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { equalBytes } from "../../protocol/bytes.js"
import { ArchiveError, isArchiveError } from "../../protocol/errors.js"
import { fsyncFolder, makeFolderDurably, systemErrorCode, translateFileError } from "../files.js"
import type { ObjectSource, ObjectStore } from "../ports.js"
import { assertKey } from "./keys.js"

const TEMPORARY = ".tmp"
const COPY_BYTES = 1 << 20
/** Writing one object never takes so long. */
const ABANDONED_MS = 3_600_000

/** Objects as files: written under a temporary name, fsynced, renamed, and the folder fsynced. */
export async function openFolderStore(root: string): Promise<ObjectStore> {
  const temporary = join(root, TEMPORARY)
  await mkdir(temporary, { recursive: true, mode: 0o700 })
  await removeAbandoned(temporary)
  const pathOf = (key: string): string => {
    assertKey(key)
    return join(root, key)
  }
  return {
    put: async (key, source) => {
      const path = pathOf(key)
      try {
        await makeFolderDurably(dirname(path), root)
        if (!(await tryMove(source, path)))
          await writeAndRename(source, join(temporary, randomBytes(16).toString("hex")), path)
        await fsyncFolder(dirname(path))
      } catch (error) {
        throw translateFileError(error, "the object store")
      }
    },
    get: async (key, range) => {
      const file = await open(pathOf(key)).catch((error: unknown) => {
        throw translateFileError(error, "the object store")
      })
      return createReadStream("", { fd: file, autoClose: true, highWaterMark: 1 << 18, ...(range ?? {}) })
    },
    fileOf: pathOf,
    head: async (key) => {
      try {
        return { sizeBytes: (await stat(pathOf(key))).size }
      } catch (error) {
        if (systemErrorCode(error) === "ENOENT") return null
        throw translateFileError(error, "the object store")
      }
    },
    delete: async (key) => {
      await rm(pathOf(key), { force: true }).catch((error: unknown) => {
        throw translateFileError(error, "the object store")
      })
    },
    list: (prefix) => listFiles(root, prefix),
    ready: async () => {
      await stat(temporary).catch((error: unknown) => {
        throw new ArchiveError("unavailable", "the object store's folder can't be read", { cause: error })
      })
    },
    close: () => Promise.resolve(),
  }
}

/** What a killed process left half-written; other processes may be writing theirs now. */
async function removeAbandoned(temporary: string): Promise<void> {
  // The file system's own clock: the folder may be another machine's.
  const marker = join(temporary, randomBytes(16).toString("hex"))
  await writeFile(marker, "")
  const nowMs = (await stat(marker)).mtimeMs
  await rm(marker, { force: true })
  for (const name of await readdir(temporary)) {
    const path = join(temporary, name)
    const found = await stat(path).catch(() => null)
    if (found !== null && nowMs - found.mtimeMs > ABANDONED_MS) await rm(path, { force: true })
  }
}

/** A spooled file was hashed as it was written and fsynced: its name is all that has to change. */
async function tryMove(source: ObjectSource, path: string): Promise<boolean> {
  const [only, second] = source.kind === "files" ? source.paths : []
  if (source.kind !== "files" || !source.consume || only === undefined || second !== undefined) return false
  try {
    await rename(only, path)
    return true
  } catch (error) {
    // Another file system; or the file was moved by a run before this one.
    if (systemErrorCode(error) === "EXDEV") return false
    if (systemErrorCode(error) === "ENOENT" && (await stat(path).catch(() => null))?.size === source.sizeBytes)
      return true
    throw error
  }
}

async function writeAndRename(source: ObjectSource, temporary: string, path: string): Promise<void> {
  const file = await open(temporary, "wx", 0o600)
  try {
    const hash = createHash("sha256")
    for await (const bytes of contentsOf(source)) {
      hash.update(bytes)
      await file.writeFile(bytes)
    }
    if (!equalBytes(hash.digest(), source.sha256))
      throw new ArchiveError("integrity", "bytes that are not those that were announced")
    await file.sync()
    await closeQuietly(file)
    await rename(temporary, path)
  } catch (error) {
    await closeQuietly(file)
    await rm(temporary, { force: true })
    throw error
  }
}

async function closeQuietly(file: FileHandle): Promise<void> {
  await file.close().catch(() => undefined)
}

/** The bytes of a source, in order. */
export async function* contentsOf(source: ObjectSource): AsyncGenerator<Uint8Array> {
  if (source.kind === "bytes") {
    yield source.bytes
    return
  }
  for (const path of source.paths) {
    for await (const bytes of createReadStream(path, { highWaterMark: COPY_BYTES })) yield bytes as Uint8Array
  }
}

async function* listFiles(
  root: string,
  prefix: string,
): AsyncGenerator<{ readonly key: string; readonly sizeBytes: number }> {
  const pending = [""]
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    const entries = await readdir(join(root, folder), { withFileTypes: true }).catch((error: unknown) => {
      if (systemErrorCode(error) === "ENOENT") return []
      throw isArchiveError(error) ? error : translateFileError(error, "the object store")
    })
    for (const entry of entries) {
      const key = folder === "" ? entry.name : `${folder}/${entry.name}`
      if (key === TEMPORARY || !(key.startsWith(prefix) || prefix.startsWith(`${key}/`))) continue
      if (entry.isDirectory()) {
        pending.push(key)
        continue
      }
      // What was deleted meanwhile is not there.
      const found = await stat(join(root, key)).catch(() => null)
      if (found !== null) yield { key, sizeBytes: found.size }
    }
  }
}
