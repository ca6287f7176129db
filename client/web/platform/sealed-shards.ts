import { DURABLE, withStorage } from "./database.js"

/** Where shards of the search index are kept, each as a head and its volumes, as they were sealed. SPEC.md §14.2. */

export interface SealedHead {
  /** Grows with each writing, so that tabs know which is newer; 0 where there is none. */
  readonly revision: number
  readonly sealed: Uint8Array | null
}

/** Numbers come before texts: a head stands under its revision, a volume under its name. */
const headsOf = (name: string): IDBKeyRange => IDBKeyRange.bound([name, 0], [name, Number.MAX_SAFE_INTEGER])
const volumesOf = (name: string): IDBKeyRange => IDBKeyRange.bound([name, ""], [name, "\uffff"])

export async function shardRevision(name: string): Promise<number> {
  const keys = await withStorage(async (database) => await database.getAllKeys("shards", headsOf(name)))
  return Number(keys.at(-1)?.[1] ?? 0)
}

export async function readShardHead(name: string): Promise<SealedHead> {
  return await withStorage(async (database) => {
    const cursor = await database.transaction("shards").store.openCursor(headsOf(name), "prev")
    return cursor === null ? { revision: 0, sealed: null } : { revision: Number(cursor.key[1]), sealed: cursor.value }
  })
}

export async function volumeNames(name: string): Promise<ReadonlySet<string>> {
  const keys = await withStorage(async (database) => await database.getAllKeys("shards", volumesOf(name)))
  return new Set(keys.map(([, volume]) => String(volume)))
}

/** `null` for one that is not there. */
export async function readVolume(name: string, volume: string): Promise<Uint8Array | null> {
  return await withStorage(async (database) => (await database.get("shards", [name, volume])) ?? null)
}

/** Nothing where the browser forgot its account meanwhile. Until a head names it, it may go. */
export async function writeVolume(name: string, volume: string, sealed: Uint8Array): Promise<void> {
  await withStorage(async (database) => {
    // What is lost with the machine is built anew.
    const change = database.transaction(["state", "shards"], "readwrite", { durability: "relaxed" })
    if ((await change.objectStore("state").count()) > 0)
      await change.objectStore("shards").put(sealed as Uint8Array<ArrayBuffer>, [name, volume])
    await change.done
  })
}

/** In the place of the head that was there, and of volumes that it does not name; nothing where the browser forgot its account meanwhile. @returns its revision. */
export async function writeShardHead(name: string, sealed: Uint8Array, volumes: ReadonlySet<string>): Promise<number> {
  return await withStorage(async (database) => {
    const change = database.transaction(["state", "shards"], "readwrite", { durability: "relaxed" })
    const store = change.objectStore("shards")
    const isKnown = (await change.objectStore("state").count()) > 0
    const heads = await store.getAllKeys(headsOf(name))
    const revision = Number(heads.at(-1)?.[1] ?? 0) + 1
    if (isKnown) {
      await store.delete(headsOf(name))
      await store.put(sealed as Uint8Array<ArrayBuffer>, [name, revision])
      for (const key of await store.getAllKeys(volumesOf(name)))
        if (!volumes.has(String(key[1]))) await store.delete(key)
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
