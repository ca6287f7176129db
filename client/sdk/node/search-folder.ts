import { rm } from "node:fs/promises"
import { join } from "node:path"
import { toHex } from "../../../shared/protocol/bytes.js"
import { isArchiveError } from "../../../shared/protocol/errors.js"
import { blake2b } from "../../crypto/sodium.js"
import type { Client } from "../client.js"
import { SearchShard } from "../search/shard.js"
import { readIfThere, writeDurably } from "./files.js"

const KEY_BYTES = 32
const NAME_BYTES = 16

/** Where this device's search index is kept, a sealed file for each meeting. SPEC.md §14.2. */
export interface SearchFolder {
  /** An empty one where there is none that can be read. Y5. */
  load(meetingHash: Uint8Array): Promise<SearchShard>
  save(meetingHash: Uint8Array, shard: SearchShard): Promise<void>
  remove(meetingHash: Uint8Array): Promise<void>
}

/** Makes the device's key for it, if it has none yet. */
export async function openSearchFolder(client: Client, folder: string): Promise<SearchFolder> {
  if (client.state.current.searchKey === null)
    await client.state.update((state) => ({ ...state, searchKey: state.searchKey ?? client.random(KEY_BYTES) }))
  const key = client.state.current.searchKey ?? client.random(KEY_BYTES)
  const pathOf = (meetingHash: Uint8Array): string => join(folder, toHex(blake2b(NAME_BYTES, key, meetingHash)))
  return {
    load: async (meetingHash) => {
      const sealed = await readIfThere(pathOf(meetingHash))
      if (sealed === null) return SearchShard.empty()
      try {
        return SearchShard.open(key, meetingHash, sealed)
      } catch (error) {
        if (!isArchiveError(error)) throw error
        return SearchShard.empty()
      }
    },
    save: async (meetingHash, shard) => {
      await writeDurably(pathOf(meetingHash), shard.seal(key, meetingHash, client.random))
    },
    remove: async (meetingHash) => {
      await rm(pathOf(meetingHash), { force: true })
    },
  }
}
