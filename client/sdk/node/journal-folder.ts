import { type FileHandle, mkdir, open, rm } from "node:fs/promises"
import { dirname, join } from "node:path"
import { toHex } from "../../../shared/protocol/bytes.js"
import { ArchiveError } from "../../../shared/protocol/errors.js"
import { HASH_BYTES } from "../../../shared/protocol/hash.js"
import { decodeJournal, encodeJournal, type JournalStore } from "../upload/journal.js"
import { fsyncFolder, readIfThere, writeDurably } from "./files.js"

/**
 * A journal as a folder: `journal.json`, and for each asset a file of leaf hashes and, where its source comes once, of its sealed bytes. Mode 0600.
 * It holds keys until the recording is published.
 */
export async function openJournalFolder(folder: string): Promise<JournalStore> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await fsyncFolder(dirname(folder))
  const journalPath = join(folder, "journal.json")
  const leavesPath = (assetId: Uint8Array): string => join(folder, `${toHex(assetId)}.leaves`)
  const sealedPath = (assetId: Uint8Array): string => join(folder, `${toHex(assetId)}.sealed`)

  /** Whoever writes at the beginning makes the file. */
  const writeAt = async (path: string, position: number, bytes: Uint8Array): Promise<void> => {
    try {
      const file = await open(path, position === 0 ? "w" : "r+", 0o600)
      try {
        await writeFully(file, bytes, position)
        await file.datasync()
      } finally {
        await file.close()
      }
      if (position === 0) await fsyncFolder(folder)
    } catch (cause) {
      const full = Reflect.get(cause as object, "code") === "ENOSPC"
      throw new ArchiveError(full ? "out-of-space" : "unavailable", `${folder} can't be written`, {
        cause,
        retryable: false,
      })
    }
  }

  return {
    load: async () => {
      const raw = await readIfThere(journalPath)
      if (raw === null) return null
      try {
        return decodeJournal(raw)
      } catch (cause) {
        throw new ArchiveError(
          "malformed",
          `the journal in ${folder} can't be read: remove that folder to begin anew`,
          { cause },
        )
      }
    },
    save: async (journal) => {
      await writeDurably(journalPath, encodeJournal(journal))
    },
    loadLeaves: async (assetId) => {
      const leaves = (await readIfThere(leavesPath(assetId))) ?? new Uint8Array(0)
      return leaves.subarray(0, leaves.length - (leaves.length % HASH_BYTES))
    },
    saveLeaves: async (assetId, firstSegment, leaves) => {
      await writeAt(leavesPath(assetId), firstSegment * HASH_BYTES, leaves)
    },
    saveSealed: async (assetId, startBytes, sealed) => {
      await writeAt(sealedPath(assetId), startBytes, sealed)
    },
    loadSealed: async (assetId, startBytes, into) => {
      try {
        const file = await open(sealedPath(assetId), "r")
        try {
          const { bytesRead } = await file.read(into, 0, into.length, startBytes)
          if (bytesRead !== into.length)
            throw new ArchiveError("changed", `what was kept in ${folder} is no longer whole`)
        } finally {
          await file.close()
        }
      } catch (cause) {
        throw cause instanceof ArchiveError
          ? cause
          : new ArchiveError("changed", `what was kept in ${folder} can't be read`, { cause })
      }
    },
    drop: async (assetId) => {
      await Promise.all(
        [leavesPath(assetId), sealedPath(assetId)].map(async (path) => {
          await rm(path, { force: true })
        }),
      )
    },
    remove: async () => {
      await rm(folder, { recursive: true, force: true })
      await fsyncFolder(dirname(folder))
    },
  }
}

async function writeFully(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, written, bytes.length - written, position + written)
    written += bytesWritten
  }
}
