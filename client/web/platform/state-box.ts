import { ArchiveError } from "../../../shared/protocol/errors.js"
import { type ClientState, decodeState, encodeState, type StateBox } from "../../sdk/state.js"
import { DURABLE, withStorage } from "./database.js"
import { forgetDeviceKey, openRecord, sealRecord } from "./device-key.js"

/** Where every tab says that it changed the state, and hears that another did. */
const CHANNEL = "taciturn-state"
const LOCK = "taciturn-state"
const PLACE = "state"

interface Stored {
  readonly revision: number
  readonly state: ClientState
}

/**
 * The account that this browser holds, or `null`.
 * @param onForgotten called once this browser forgot it: a page without its account has nothing to show, and must keep nothing of it in memory.
 * @throws {@link ArchiveError} `cannot-open`, `malformed`, `unavailable`.
 */
export async function openStateBox(onForgotten = loadAnew): Promise<StateBox | null> {
  const stored = await read()
  return stored === null ? null : boxOf(stored, onForgotten)
}

/** @throws {@link ArchiveError} `exists` where this browser holds an account. */
export async function createStateBox(state: ClientState): Promise<StateBox> {
  return await navigator.locks.request(LOCK, async () => {
    const known = await withStorage(async (database) => await database.count("state"))
    if (known > 0) throw new ArchiveError("exists", "this browser holds an account already: nothing was changed")
    const stored = { revision: 1, state }
    await write(stored)
    // Otherwise a browser that is short of room may throw the keys away. Its answer changes nothing here.
    void navigator.storage.persist()
    return boxOf(stored, loadAnew)
  })
}

/** Forgets the account, what it found to search, and the key under which everything that this browser keeps is sealed. Every tab that has it open is loaded anew. */
export async function forgetStateBox(): Promise<void> {
  await navigator.locks.request(LOCK, async () => {
    await withStorage(async (database) => {
      const change = database.transaction(["state", "shards"], "readwrite", DURABLE)
      await Promise.all([change.objectStore("state").clear(), change.objectStore("shards").clear()])
      await change.done
    })
    await forgetDeviceKey()
  })
  const channel = new BroadcastChannel(CHANNEL)
  channel.postMessage("forgotten")
  channel.close()
}

function loadAnew(): void {
  location.reload()
}

function boxOf(first: Stored, onForgotten: () => void): StateBox {
  let newest = first
  const take = (stored: Stored): void => {
    // Reads of two changes may end in either order.
    if (stored.revision > newest.revision) newest = stored
  }
  const channel = new BroadcastChannel(CHANNEL)
  channel.addEventListener("message", () => {
    read().then(
      (stored) => {
        if (stored !== null) take(stored)
        else onForgotten()
      },
      // What can't be read now is read by the next change, which says so.
      () => undefined,
    )
  })
  return {
    get current() {
      return newest.state
    },
    update: async (change) => {
      const isChanged = await navigator.locks.request(LOCK, async () => {
        const stored = await read()
        if (stored === null)
          throw new ArchiveError("not-found", "this browser holds the account no more: nothing was changed")
        const state = change(stored.state)
        const next = state === stored.state ? stored : { revision: stored.revision + 1, state }
        if (next !== stored) await write(next)
        take(next)
        return next !== stored
      })
      if (isChanged) channel.postMessage("changed")
    },
  }
}

async function read(): Promise<Stored | null> {
  const record = await withStorage(async (database) => await database.get("state", "state"))
  if (record === undefined) return null
  return { revision: record.revision, state: decodeState(await openRecord(PLACE, record.sealed)) }
}

async function write({ revision, state }: Stored): Promise<void> {
  const sealed = await sealRecord(PLACE, encodeState(state))
  await withStorage(async (database) => {
    const change = database.transaction("state", "readwrite", DURABLE)
    await change.store.put({ revision, sealed }, "state")
    await change.done
  })
}
