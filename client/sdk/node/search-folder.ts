import { readdir, rm } from "node:fs/promises"
import { join } from "node:path"
import type { Client } from "../client.js"
import { searchKeyOf, shardName } from "../search/search-key.js"
import { SearchShard } from "../search/shard.js"
import { readIfThere, writeDurably } from "./files.js"

/** Where this device's search index is kept: of each meeting a sealed file, and one for each volume. SPEC.md §14.2. */
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
  const volumePath = (meetingHash: Uint8Array, volume: string): string => `${pathOf(meetingHash)}.${volume}`
  const volumesOf = async (meetingHash: Uint8Array): Promise<readonly string[]> => {
    const start = `${shardName(key, meetingHash)}.`
    const names = await readdir(folder).catch(() => [])
    return names.filter((name) => name.startsWith(start)).map((name) => name.slice(start.length))
  }
  return {
    load: async (meetingHash) => {
      const head = await readIfThere(pathOf(meetingHash))
      const readVolume = async (name: string): Promise<Uint8Array | null> =>
        await readIfThere(volumePath(meetingHash, name))
      return head === null ? SearchShard.empty() : await SearchShard.openOrEmpty(key, meetingHash, head, readVolume)
    },
    save: async (meetingHash, shard) => {
      const names = new Set(await volumesOf(meetingHash))
      const { head, volumes } = await shard.seal(key, meetingHash, client.random, {
        names,
        write: async (name, sealed) => {
          await writeDurably(volumePath(meetingHash, name), sealed)
        },
      })
      await writeDurably(pathOf(meetingHash), head)
      for (const name of names) if (!volumes.has(name)) await rm(volumePath(meetingHash, name), { force: true })
    },
    remove: async (meetingHash) => {
      await rm(pathOf(meetingHash), { force: true })
      for (const name of await volumesOf(meetingHash)) await rm(volumePath(meetingHash, name), { force: true })
    },
  }
}
