import { toHex } from "../../../shared/protocol/bytes.js"
import { blake2b } from "../../crypto/sodium.js"
import type { Client } from "../client.js"

const KEY_BYTES = 32
const NAME_BYTES = 16

/** What seals this device's search index; made, durably, if it has none yet. SPEC.md §14.2. */
export async function searchKeyOf(client: Client): Promise<Uint8Array> {
  if (client.state.current.searchKey === null)
    await client.state.update((state) => ({ ...state, searchKey: state.searchKey ?? client.random(KEY_BYTES) }))
  return client.state.current.searchKey ?? client.random(KEY_BYTES)
}

/** Under which a meeting's shard is kept: it tells whose it is to nobody without the key. */
export function shardName(key: Uint8Array, meetingHash: Uint8Array): string {
  return toHex(blake2b(NAME_BYTES, key, meetingHash))
}
