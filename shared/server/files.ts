import { mkdir, open, stat } from "node:fs/promises"
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

/**
 * Makes a folder below `root` and those between, each name durable. Never `root` itself: where that is gone, its disk may be.
 * @throws {@link ArchiveError} `unavailable` where `root` is not there.
 */
export async function makeFolderDurably(folder: string, root: string): Promise<void> {
  const missing: string[] = []
  for (let at = folder; at !== root && !(await exists(at)); at = dirname(at)) missing.unshift(at)
  for (const path of missing) {
    await mkdir(path, { mode: 0o700 }).catch((error: unknown) => {
      const code = systemErrorCode(error)
      if (code === "ENOENT") throw new ArchiveError("unavailable", "the folder is not there", { cause: error })
      // Another process made it meanwhile, and makes its name durable; so is it made here, to be sure of it.
      if (code !== "EEXIST") throw error
    })
    await fsyncFolder(dirname(path))
  }
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  )
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
