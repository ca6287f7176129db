import { rm } from "node:fs/promises"
import { join } from "node:path"
import type { Client } from "../client.js"
import { searchKeyOf, shardName } from "../search/search-key.js"
import { SearchShard } from "../search/shard.js"
import { readIfThere, writeDurably } from "./files.js"

/** Where this device's search index is kept, a sealed file for each meeting. SPEC.md §14.2. */
export interface SearchFolder {
  /** An empty one where there is none that can be read. Y5. */
  load(meetingHash: Uint8Array): Promise<SearchShard>
  save(meetingHash: Uint8Array, shard: SearchShard): Promise<void>
  remove(meetingHash: Uint8Array): Promise<void>
}

/** Makes the device's key for it, if it has none yet. */
export async function openSearchFolder(client: Client, folder: string): Promise<SearchFolder> {
  const key = await searchKeyOf(client)
  const pathOf = (meetingHash: Uint8Array): string => join(folder, shardName(key, meetingHash))
  return {
    load: async (meetingHash) => {
      const sealed = await readIfThere(pathOf(meetingHash))
      return sealed === null ? SearchShard.empty() : SearchShard.openOrEmpty(key, meetingHash, sealed)
    },
    save: async (meetingHash, shard) => {
      await writeDurably(pathOf(meetingHash), shard.seal(key, meetingHash, client.random))
    },
    remove: async (meetingHash) => {
      await rm(pathOf(meetingHash), { force: true })
    },
  }
}
