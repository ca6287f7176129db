import { toHex } from "../../../shared/protocol/bytes.js"
import { ArchiveError } from "../../../shared/protocol/errors.js"
import { HASH_BYTES } from "../../../shared/protocol/hash.js"
import { decodeJournal, encodeJournal, type JournalStore } from "../../sdk/upload/journal.js"
import { DURABLE, withStorage } from "./database.js"
import { openRecord, sealRecord } from "./device-key.js"
import { freeBuffer } from "./free-buffer.js"
import { readSealed, removeAllSealedFiles, removeSealedFile, removeSealedFiles, writeSealed } from "./sealed-files.js"

const PORTION_BYTES = 1024 * 1024
/** It is a folder's name, too. */
const UPLOAD_ID = /^[\w-]{1,64}$/

/**
 * A journal in this browser, under a key that no script can read out.
 * @param uploadId says nothing of what is uploaded: up to 64 letters, digits, `-` and `_`.
 * @throws {@link ArchiveError} `usage` for another.
 */
export function openJournal(uploadId: string): JournalStore {
  if (!UPLOAD_ID.test(uploadId)) throw new ArchiveError("usage", "an upload's id is letters, digits, - and _")
  const journalPlace = `journal ${uploadId}`
  const leavesPlace = (asset: string, firstSegment: number): string => `leaves ${uploadId} ${asset} ${firstSegment}`
  const leavesOf = (asset: string): IDBKeyRange =>
    IDBKeyRange.bound([uploadId, asset, 0], [uploadId, asset, Number.MAX_SAFE_INTEGER])

  return {
    load: async () => {
      const sealed = await withStorage(async (database) => await database.get("journals", uploadId))
      return sealed === undefined ? null : decodeJournal(await openRecord(journalPlace, sealed))
    },
    save: async (journal) => {
      const sealed = await sealRecord(journalPlace, encodeJournal(journal))
      await withStorage(async (database) => {
        const change = database.transaction("journals", "readwrite", DURABLE)
        await change.store.put(sealed, uploadId)
        await change.done
      })
    },
    loadLeaves: async (assetId) => {
      const asset = toHex(assetId)
      const records = await withStorage(async (database) => {
        const { store } = database.transaction("leaves")
        const [keys, values] = await Promise.all([store.getAllKeys(leavesOf(asset)), store.getAll(leavesOf(asset))])
        return keys.map(([, , firstSegment], index) => ({ firstSegment, sealed: values[index] }))
      })
      const parts: { readonly start: number; readonly part: Uint8Array }[] = []
      let sizeBytes = 0
      for (const { firstSegment, sealed } of records) {
        const start = firstSegment * HASH_BYTES
        // What stands behind a gap is of no use, as nothing vouches for what is in it.
        if (sealed === undefined || start > sizeBytes) break
        const part = await openRecord(leavesPlace(asset, firstSegment), sealed)
        parts.push({ start, part })
        sizeBytes = Math.max(sizeBytes, start + part.length)
      }
      const leaves = new Uint8Array(sizeBytes)
      for (const { start, part } of parts) leaves.set(part, start)
      return leaves
    },
    saveLeaves: async (assetId, firstSegment, leaves) => {
      const asset = toHex(assetId)
      const sealed = await sealRecord(leavesPlace(asset, firstSegment), leaves)
      const last = firstSegment === 0 ? Number.MAX_SAFE_INTEGER : firstSegment + leaves.length / HASH_BYTES - 1
      await withStorage(async (database) => {
        const change = database.transaction("leaves", "readwrite", DURABLE)
        // Whoever writes at the beginning begins anew.
        await change.store.delete(IDBKeyRange.bound([uploadId, asset, firstSegment], [uploadId, asset, last]))
        await change.store.put(sealed, [uploadId, asset, firstSegment])
        await change.done
      })
    },
    saveSealed: async (assetId, startBytes, sealed) => {
      await writeSealed(uploadId, toHex(assetId), startBytes, sealed)
    },
    loadSealed: async (assetId, startBytes, into) => {
      // In portions: for a whole piece at once the page would stand still.
      for (let at = 0; at < into.length; at += PORTION_BYTES) {
        const sizeBytes = Math.min(PORTION_BYTES, into.length - at)
        const part = await readSealed(uploadId, toHex(assetId), startBytes + at, sizeBytes)
        into.set(part, at)
        freeBuffer(part)
      }
    },
    drop: async (assetId) => {
      const asset = toHex(assetId)
      await withStorage(async (database) => {
        const change = database.transaction("leaves", "readwrite", DURABLE)
        await change.store.delete(leavesOf(asset))
        await change.done
      })
      await removeSealedFile(uploadId, asset)
    },
    remove: async () => {
      await withStorage(async (database) => {
        const change = database.transaction(["journals", "uploads", "captures", "leaves"], "readwrite", DURABLE)
        for (const name of ["journals", "uploads", "captures"] as const) await change.objectStore(name).delete(uploadId)
        await change.objectStore("leaves").delete(IDBKeyRange.bound([uploadId], [uploadId, []]))
        await change.done
      })
      await removeSealedFiles(uploadId)
    },
  }
}

/** Ids of the uploads that were begun here and are not published. */
export async function listJournals(): Promise<readonly string[]> {
  return await withStorage(async (database) => await database.getAllKeys("journals"))
}

/** Forgets every upload and capture, as on signing out. */
export async function forgetJournals(): Promise<void> {
  await withStorage(async (database) => {
    const names = ["journals", "uploads", "captures", "leaves"] as const
    const change = database.transaction(names, "readwrite", DURABLE)
    await Promise.all(
      names.map(async (name) => {
        await change.objectStore(name).clear()
      }),
    )
    await change.done
  })
  await removeAllSealedFiles()
}
