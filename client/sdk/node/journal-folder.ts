import { mkdir, open, rm } from "node:fs/promises"
import { dirname, join } from "node:path"
import { ArchiveError } from "../../../shared/protocol/errors.js"
import { type Journal, journalSchema, type JournalStore } from "../upload/journal.js"
import { fsyncFolder, readIfThere, writeDurably } from "./files.js"

const LEAF_BYTES = 32

/** A journal as a folder: `journal.json` and a file of leaf hashes for each asset, mode 0600. It holds keys until the recording is published. */
export async function openJournalFolder(folder: string): Promise<JournalStore> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const journalPath = join(folder, "journal.json")
  const leavesPath = (asset: number): string => join(folder, `${asset}.leaves`)
  return {
    load: async () => {
      const raw = await readIfThere(journalPath)
      if (raw === null) return null
      const parsed = journalSchema.safeParse(JSON.parse(Buffer.from(raw).toString("utf8"), revive))
      if (!parsed.success) throw new ArchiveError("malformed", `the journal in ${folder} can't be read: remove that folder to begin anew`, { cause: parsed.error })
      return parsed.data
    },
    save: async (journal) => {
      await writeDurably(journalPath, Buffer.from(toJson(journal)))
    },
    loadLeaves: async (asset) => (await readIfThere(leavesPath(asset))) ?? new Uint8Array(0),
    saveLeaves: async (asset, firstSegment, leaves) => {
      const file = await open(leavesPath(asset), firstSegment === 0 ? "w" : "r+", 0o600)
      try {
        await file.write(leaves, 0, leaves.length, firstSegment * LEAF_BYTES)
        await file.datasync()
      } finally {
        await file.close()
      }
      if (firstSegment === 0) await fsyncFolder(folder)
    },
    dropLeaves: async (asset) => {
      await rm(leavesPath(asset), { force: true })
    },
    remove: async () => {
      await rm(folder, { recursive: true, force: true })
      await fsyncFolder(dirname(folder))
    },
  }
}

const BYTES = "base64:"

function toJson(journal: Journal): string {
  return JSON.stringify(journal, function (this: unknown, key: string, value: unknown) {
    const raw: unknown = Reflect.get(this as object, key)
    return raw instanceof Uint8Array ? `${BYTES}${Buffer.from(raw).toString("base64")}` : value
  })
}

function revive(key: string, value: unknown): unknown {
  // Titles and names are a person's own text, and may begin like bytes do.
  if (typeof value !== "string" || key === "title" || key === "fileName" || key === "mediaType") return value
  return value.startsWith(BYTES) ? new Uint8Array(Buffer.from(value.slice(BYTES.length), "base64")) : value
}
