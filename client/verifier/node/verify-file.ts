import { randomBytes } from "node:crypto"
import { createReadStream } from "node:fs"
import { type FileHandle, lstat, open, rename, rm, stat } from "node:fs/promises"
import { dirname, join, resolve } from "node:path"
import { ArchiveError } from "../../../shared/protocol/errors.js"
import { nodePrimitives } from "../../crypto/node-primitives.js"
import { sodiumReady } from "../../crypto/sodium.js"
import { type RandomFile, type VerifiedOpening, verifyOpening } from "../verify-opening.js"
import { findInProduction, sealedOfProduction } from "../production.js"
import { type FoundInProduction, type OpeningReport, reportOpening } from "../words.js"
import { productionFolder } from "./production-folder.js"
import { readRange } from "./read-range.js"

export interface VerifyFileOptions {
  /** Where what was opened goes; nothing is written without it. */
  readonly out?: string | undefined
  readonly force?: boolean | undefined
  /** The folder of a production. */
  readonly production?: string | undefined
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((done: number, total: number) => void) | undefined
}

export interface VerifiedFile {
  readonly verified: VerifiedOpening
  readonly found: FoundInProduction | null
  readonly report: OpeningReport
  /** The file that was written. */
  readonly file: string | null
}

const READ_BYTES = 1024 * 1024

/**
 * Verifies an opening's file, with no network, account or server. What it opens has its name only once all was verified.
 * @throws {@link ArchiveError} what {@link verifyOpening} and {@link findInProduction} refuse; `exists`, `usage`.
 */
export async function verifyOpeningFile(path: string, options: VerifyFileOptions): Promise<VerifiedFile> {
  await sodiumReady()
  if ((await stat(path).catch(() => null))?.isFile() !== true)
    throw new ArchiveError("usage", `there is no file ${path}`)
  const { out, signal, onProgress } = options
  const production = options.production === undefined ? null : productionFolder(options.production)
  const given = out === undefined ? null : await openPlace(resolve(out), options.force === true)
  try {
    const verified = await verifyOpening(createReadStream(path, { highWaterMark: READ_BYTES }), given?.place ?? null, {
      primitives: nodePrimitives,
      sealed: production === null ? undefined : sealedOfProduction(production),
      signal,
      onProgress,
    })
    const found = production === null ? null : await findInProduction(production, verified.opening)
    const file = given !== null && verified.written !== null ? await given.keep() : null
    return { verified, found, report: reportOpening(verified, found), file }
  } finally {
    await given?.close()
  }
}

/** Files of names of their own in the folder where the result goes. */
async function openPlace(path: string, mayReplace: boolean) {
  await assertFree(path, mayReplace)
  const files: { readonly path: string; readonly handle: FileHandle }[] = []
  const create = async (): Promise<RandomFile> => {
    const name = join(dirname(path), `.opening-${randomBytes(8).toString("hex")}.partial`)
    const handle = await open(name, "wx+", 0o600).catch((cause: unknown) => {
      throw new ArchiveError("usage", `nothing can be written in ${dirname(path)}`, { cause })
    })
    files.push({ path: name, handle })
    return fileOf(handle)
  }
  const out = await create()
  return {
    place: { out, scratch: create },
    keep: async (): Promise<string> => {
      const [first] = files
      if (first === undefined) throw new ArchiveError("internal", "nothing was written")
      await first.handle.datasync()
      await assertFree(path, mayReplace)
      await rename(first.path, path)
      return path
    },
    close: async (): Promise<void> => {
      for (const file of files) {
        await file.handle.close()
        await rm(file.path, { force: true })
      }
    },
  }
}

function fileOf(handle: FileHandle): RandomFile {
  return {
    write: async (position, bytes) => {
      for (let written = 0; written < bytes.length;)
        written += (await handle.write(bytes, written, bytes.length - written, position + written)).bytesWritten
    },
    read: async (start, end) =>
      await readRange(handle, start, end, () => new ArchiveError("internal", "what was written is gone")),
  }
}

async function assertFree(path: string, mayReplace: boolean): Promise<void> {
  const existing = await lstat(path).catch(() => null)
  if (existing === null || (mayReplace && existing.isFile())) return
  throw new ArchiveError(
    "exists",
    mayReplace ? `${path} exists, and is no file that could be replaced` : `${path} exists: give --force to replace it`,
  )
}
