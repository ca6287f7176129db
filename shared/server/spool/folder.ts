import { mkdir, readdir, rm, stat, statfs } from "node:fs/promises"
import { join } from "node:path"
import { ArchiveError } from "../../protocol/errors.js"
import { systemErrorCode } from "../files.js"
import type { Spool } from "../ports.js"
import { failSpool } from "./piece-file.js"
import { createPieceThread } from "./piece-thread.js"

/** Pieces as files in one folder, which API and worker share. A piece is hashed and written by a thread beside the one that serves sockets. */
export async function openFolderSpool(root: string, thread = createPieceThread(root)): Promise<Spool> {
  await mkdir(root, { recursive: true, mode: 0o700 })
  return {
    pathOf: (name) => join(root, checked(name)),
    create: async (name) => await thread.create(checked(name)),
    remove: async (name) => {
      await rm(join(root, checked(name)), { force: true }).catch(failSpool)
    },
    list: async () => {
      const files: { readonly name: string; readonly sizeBytes: number; readonly changedAtMs: number }[] = []
      for (const name of await readdir(root).catch(failSpool)) {
        const info = await stat(join(root, name)).catch((error: unknown) =>
          systemErrorCode(error) === "ENOENT" ? null : failSpool(error),
        )
        if (info !== null) files.push({ name, sizeBytes: info.size, changedAtMs: info.mtimeMs })
      }
      return files
    },
    freeBytes: async () => {
      const { bavail, bsize } = await statfs(root).catch(failSpool)
      return bavail * bsize
    },
    close: async () => {
      await thread.close()
    },
  }
}

function checked(name: string): string {
  if (!/^[0-9a-z]+(?:[-.][0-9a-z]+)*$/.test(name)) throw new ArchiveError("internal", "a spool name of another form")
  return name
}
