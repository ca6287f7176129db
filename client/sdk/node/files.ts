import { randomBytes } from "node:crypto"
import { mkdir, open, readFile, rename, rm } from "node:fs/promises"
import { dirname, join } from "node:path"
import { ArchiveError } from "../../../shared/protocol/errors.js"

/** Replaces a file at once and durably: a reader sees the old contents or the new, and a power cut leaves one of them. */
export async function writeDurably(path: string, contents: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const temporary = join(dirname(path), `.${randomBytes(8).toString("hex")}.tmp`)
  const file = await open(temporary, "wx", 0o600)
  try {
    await file.writeFile(contents)
    await file.sync()
    await file.close()
    await rename(temporary, path)
  } catch (cause) {
    await file.close().catch(() => undefined)
    await rm(temporary, { force: true })
    throw new ArchiveError(
      Reflect.get(cause as object, "code") === "ENOSPC" ? "out-of-space" : "unavailable",
      `${path} can't be written`,
      { cause, retryable: false },
    )
  }
  await fsyncFolder(dirname(path))
}

/** A file's contents, or `null` where there is none. */
export async function readIfThere(path: string): Promise<Uint8Array | null> {
  try {
    return await readFile(path)
  } catch (cause) {
    if (Reflect.get(cause as object, "code") === "ENOENT") return null
    throw new ArchiveError("unavailable", `${path} can't be read`, { cause, retryable: false })
  }
}

export async function fsyncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r")
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
