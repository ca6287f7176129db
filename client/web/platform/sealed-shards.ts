import { DURABLE, withStorage } from "./database.js"

/** Where shards of the search index are kept, as they were sealed. SPEC.md §14.2. */

export interface SealedShard {
  /** Grows with each writing, so that tabs know which is newer; 0 where there is none. */
  readonly revision: number
  readonly sealed: Uint8Array | null
}

const allOf = (name: string): IDBKeyRange => IDBKeyRange.bound([name, 0], [name, Number.MAX_SAFE_INTEGER])

export async function shardRevision(name: string): Promise<number> {
  const keys = await withStorage(async (database) => await database.getAllKeys("shards", allOf(name)))
  return keys.at(-1)?.[1] ?? 0
}

export async function readShard(name: string): Promise<SealedShard> {
  return await withStorage(async (database) => {
    const cursor = await database.transaction("shards").store.openCursor(allOf(name), "prev")
    return cursor === null ? { revision: 0, sealed: null } : { revision: cursor.key[1], sealed: cursor.value }
  })
}

/** In the place of what was there; nothing where the browser forgot its account meanwhile. @returns its revision. */
export async function writeShard(name: string, sealed: Uint8Array): Promise<number> {
  return await withStorage(async (database) => {
    // What is lost with the machine is built anew.
    const change = database.transaction(["state", "shards"], "readwrite", { durability: "relaxed" })
    const store = change.objectStore("shards")
    const [isKnown, keys] = await Promise.all([change.objectStore("state").count(), store.getAllKeys(allOf(name))])
    const revision = (keys.at(-1)?.[1] ?? 0) + 1
    if (isKnown > 0) {
      await store.delete(allOf(name))
      await store.put(sealed as Uint8Array<ArrayBuffer>, [name, revision])
    }
    await change.done
    return revision
  })
}

/** Removes all but those of these names. */
export async function keepShards(names: ReadonlySet<string>): Promise<void> {
  await withStorage(async (database) => {
    const change = database.transaction("shards", "readwrite", DURABLE)
    const keys = await change.store.getAllKeys()
    await Promise.all(
      keys
        .filter(([name]) => !names.has(name))
        .map(async (key) => {
          await change.store.delete(key)
        }),
    )
    await change.done
  })
}
