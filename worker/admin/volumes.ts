import { createHash } from "node:crypto"
import { createReadStream } from "node:fs"
import { type FileHandle, open, readdir, rename, stat } from "node:fs/promises"
import { basename, dirname, join, resolve } from "node:path"
import { equalBytes, toHex } from "../../shared/protocol/bytes.js"
import { ArchiveError } from "../../shared/protocol/errors.js"
import { fsyncFolder, translateFileError } from "../../shared/server/files.js"
import { TAG_FILES } from "./bag-format.js"
import { SIGNATURE_FILE } from "./production-format.js"
import { layOut, paddedTo, TAR_BLOCK_BYTES, type TarEntry, tarHeader } from "./tar-layout.js"

/** A production as one tar, split into volumes that fit a medium: `cat NAME.tar.* | tar x` has it back. */

const READ_BYTES = 1 << 20
export const LEAST_VOLUME_BYTES = 1 << 20

export interface Volume {
  readonly name: string
  readonly sizeBytes: number
  readonly sha512: string
}

export interface PackOptions {
  readonly folder: string
  /** Name of the volumes, before `.tar.001`. */
  readonly target: string
  readonly volumeBytes: number
  readonly onProgress: (bytes: number) => void
}

/**
 * Writes the volumes one after another, and at last their checksums as `NAME.tar.sha512`. Run again after an interruption, it keeps those that are there with
 * these very bytes. Memory does not grow with the production.
 * @throws {@link ArchiveError} `usage`, `not-found`, `exists` where another file has a volume's name, `out-of-space`.
 */
export async function packVolumes({
  folder,
  target,
  volumeBytes,
  onProgress,
}: PackOptions): Promise<readonly Volume[]> {
  if (!Number.isSafeInteger(volumeBytes) || volumeBytes < LEAST_VOLUME_BYTES)
    throw new ArchiveError("usage", "a volume has at least 1 MiB")
  const source = resolve(folder)
  const tar = { source, name: basename(source), ...layOut(await filesOf(source)) }
  const count = Math.ceil(tar.sizeBytes / volumeBytes)
  const digits = Math.max(3, String(count).length)
  const volumes: Volume[] = []
  for (let index = 0; index < count; index++) {
    const startBytes = index * volumeBytes
    const endBytes = Math.min(startBytes + volumeBytes, tar.sizeBytes)
    const path = `${resolve(target)}.tar.${String(index + 1).padStart(digits, "0")}`
    const sha512 = await writeVolume(tar, path, startBytes, endBytes)
    volumes.push({ name: basename(path), sizeBytes: endBytes - startBytes, sha512: toHex(sha512) })
    onProgress(endBytes)
  }
  await writeWhole(`${resolve(target)}.tar.sha512`, [
    Buffer.from(volumes.map(({ name, sha512 }) => `${sha512}  ${name}\n`).join("")),
  ])
  return volumes
}

interface Tar {
  readonly source: string
  readonly name: string
  readonly entries: readonly TarEntry[]
  readonly sizeBytes: number
}

/** @returns the volume's SHA-512. */
async function writeVolume(tar: Tar, path: string, startBytes: number, endBytes: number): Promise<Uint8Array> {
  const before = await stat(path).catch(() => null)
  if (before === null) return await writeWhole(path, bytesOf(tar, startBytes, endBytes))
  const wanted = createHash("sha512")
  for await (const bytes of bytesOf(tar, startBytes, endBytes)) wanted.update(bytes)
  const found = createHash("sha512")
  for await (const bytes of createReadStream(path, { highWaterMark: READ_BYTES }) as AsyncIterable<Uint8Array>)
    found.update(bytes)
  const digest = wanted.digest()
  if (!equalBytes(found.digest(), digest))
    throw new ArchiveError("exists", `${path} exists, and is no volume of this production: name the volumes otherwise`)
  return digest
}

/** Bytes of the tar from one place to another. */
async function* bytesOf(
  { source, name, entries, sizeBytes }: Tar,
  from: number,
  to: number,
): AsyncGenerator<Uint8Array> {
  for (const entry of entries) {
    const contentsAt = entry.startBytes + TAR_BLOCK_BYTES
    const contentsEnd = contentsAt + entry.sizeBytes
    const entryEnd = contentsAt + paddedTo(entry.sizeBytes)
    if (entryEnd <= from || entry.startBytes >= to) continue
    yield* within(tarHeader(name, entry), entry.startBytes, from, to)
    const [start, end] = [Math.max(contentsAt, from), Math.min(contentsEnd, to)]
    if (start < end) yield* contentsOf(join(source, entry.path), start - contentsAt, end - contentsAt)
    yield* within(new Uint8Array(entryEnd - contentsEnd), contentsEnd, from, to)
  }
  const last = entries.at(-1)
  const end = last === undefined ? 0 : last.startBytes + TAR_BLOCK_BYTES + paddedTo(last.sizeBytes)
  yield* within(new Uint8Array(sizeBytes - end), end, from, to)
}

/** What of `bytes`, which stand at `at`, lies between two places. */
function* within(bytes: Uint8Array, at: number, from: number, to: number): Generator<Uint8Array> {
  const part = bytes.subarray(Math.max(0, from - at), Math.max(0, to - at))
  if (part.length > 0) yield part
}

async function* contentsOf(path: string, start: number, end: number): AsyncGenerator<Uint8Array> {
  let length = 0
  try {
    for await (const bytes of createReadStream(path, {
      start,
      end: end - 1,
      highWaterMark: READ_BYTES,
    }) as AsyncIterable<Uint8Array>) {
      length += bytes.length
      yield bytes
    }
  } catch (error) {
    throw translateFileError(error, path)
  }
  if (length !== end - start) throw new ArchiveError("changed", `${path} became shorter while it was read`)
}

/** Under its name it is whole and durable, or not there. @returns its SHA-512. */
async function writeWhole(
  path: string,
  contents: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<Uint8Array> {
  const hash = createHash("sha512")
  let file: FileHandle | null = null
  try {
    file = await open(`${path}.partial`, "w", 0o600)
    for await (const bytes of contents) {
      hash.update(bytes)
      await file.writeFile(bytes)
    }
    await file.sync()
    await file.close()
    file = null
    await rename(`${path}.partial`, path)
    await fsyncFolder(dirname(path))
  } catch (error) {
    await file?.close().catch(() => undefined)
    throw error instanceof ArchiveError ? error : translateFileError(error, path)
  }
  return hash.digest()
}

/** Every file of the bag, those first by which it is recognised. */
async function filesOf(folder: string): Promise<readonly { readonly path: string; readonly sizeBytes: number }[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    throw translateFileError(error, folder)
  })
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
  if (!paths.includes(TAG_FILES.declaration) || !paths.includes(SIGNATURE_FILE))
    throw new ArchiveError("not-found", `${folder} is no production`)
  const isTag = (path: string): boolean => !path.startsWith("data/")
  const ordered = paths.toSorted((a, b) => Number(isTag(b)) - Number(isTag(a)) || (a < b ? -1 : 1))
  const sizes = await Promise.all(ordered.map(async (path) => (await stat(join(folder, path))).size))
  return ordered.map((path, index) => ({ path, sizeBytes: sizes[index] ?? 0 }))
}
