import { mkdir, open } from "node:fs/promises"
import { dirname } from "node:path"
import { ArchiveError, isArchiveError } from "../protocol/errors.js"

/** Makes names in a folder durable. */
export async function fsyncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r")
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Makes a folder and those above it up to `root`, each name durable. */
export async function makeFolderDurably(folder: string, root: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true, mode: 0o700 })
  if (first === undefined) return
  for (let made = folder; made.length >= first.length && made !== root; made = dirname(made))
    await fsyncFolder(dirname(made))
}

/** `ENOENT` and its like. */
export function systemErrorCode(error: unknown): string | null {
  const code: unknown = error instanceof Error ? Reflect.get(error, "code") : null
  return typeof code === "string" ? code : null
}

/** What a file system's error means to a caller. */
export function translateFileError(error: unknown, what: string): ArchiveError {
  if (isArchiveError(error)) return error
  const code = systemErrorCode(error)
  if (code === "ENOENT") return new ArchiveError("not-found", `${what} does not hold that`, { cause: error })
  if (code === "ENOSPC" || code === "EDQUOT")
    return new ArchiveError("out-of-space", `${what} is full`, { cause: error })
  return new ArchiveError("unavailable", `${what} can't be used now`, { cause: error })
}
