import { open, rm } from "node:fs/promises"
import { join } from "node:path"
import { ArchiveError } from "../../protocol/errors.js"
import { PieceHasher } from "../assets/piece-hasher.js"
import { fsyncFolder, systemErrorCode, translateFileError } from "../files.js"
import type { SpoolFile } from "../ports.js"
import { createPacketWriter } from "./packet-writer.js"

/** A new file of the spool, in this thread. */
export async function createPieceFile(root: string, name: string): Promise<SpoolFile> {
  const path = join(root, name)
  const file = await open(path, "wx", 0o600).catch(failSpool)
  const writer = createPacketWriter(file)
  const hasher = new PieceHasher()
  return {
    add: (packet) => {
      hasher.update(packet)
      return writer.add(packet)
    },
    commit: async () => {
      const hashes = hasher.finish()
      await writer.flush().catch(failSpool)
      await Promise.all([file.datasync(), fsyncFolder(root)]).catch(failSpool)
      await file.close().catch(failSpool)
      return hashes
    },
    discard: async () => {
      await writer.settle()
      await file.close().catch(() => undefined)
      await rm(path, { force: true })
    },
  }
}

export function failSpool(error: unknown): never {
  // A spool that is not there is one that can't be used now, nothing that was asked for and isn't held.
  if (systemErrorCode(error) === "ENOENT")
    throw new ArchiveError("unavailable", "the spool's folder is not there", { cause: error })
  throw translateFileError(error, "the spool")
}
