import { mkdir, open, readdir, rm, stat, statfs } from "node:fs/promises"
import { join } from "node:path"
import { ArchiveError } from "../../protocol/errors.js"
import { fsyncFolder, systemErrorCode, translateFileError } from "../files.js"
import type { Spool } from "../ports.js"

/** Pieces as files in one folder, which API and worker share. */
export async function openFolderSpool(root: string): Promise<Spool> {
  await mkdir(root, { recursive: true, mode: 0o700 })
  const pathOf = (name: string): string => {
    if (!/^[0-9a-z]+(?:[-.][0-9a-z]+)*$/.test(name)) throw new ArchiveError("internal", "a spool name of another form")
    return join(root, name)
  }
  return {
    pathOf,
    create: async (name) => {
      const path = pathOf(name)
      const file = await open(path, "wx", 0o600).catch(fail)
      return {
        name,
        write: async (...blocks) => {
          const sizeBytes = blocks.reduce((total, block) => total + block.length, 0)
          const { bytesWritten } = await file.writev(blocks).catch(fail)
          if (bytesWritten < sizeBytes) await file.writeFile(Buffer.concat(blocks).subarray(bytesWritten)).catch(fail)
        },
        commit: async () => {
          await Promise.all([file.datasync(), fsyncFolder(root)]).catch(fail)
          await file.close().catch(fail)
        },
        discard: async () => {
          await file.close().catch(() => undefined)
          await rm(path, { force: true })
        },
      }
    },
    remove: async (name) => {
      await rm(pathOf(name), { force: true }).catch(fail)
    },
    list: async () => {
      const files: { readonly name: string; readonly sizeBytes: number; readonly changedAtMs: number }[] = []
      for (const name of await readdir(root).catch(fail)) {
        const info = await stat(join(root, name)).catch((error: unknown) =>
          systemErrorCode(error) === "ENOENT" ? null : fail(error),
        )
        if (info !== null) files.push({ name, sizeBytes: info.size, changedAtMs: info.mtimeMs })
      }
      return files
    },
    freeBytes: async () => {
      const { bavail, bsize } = await statfs(root).catch(fail)
      return bavail * bsize
    },
  }
}

function fail(error: unknown): never {
  // A spool that is not there is one that can't be used now, nothing that was asked for and isn't held.
  if (systemErrorCode(error) === "ENOENT")
    throw new ArchiveError("unavailable", "the spool's folder is not there", { cause: error })
  throw translateFileError(error, "the spool")
}
