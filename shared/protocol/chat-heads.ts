import { assertAscending, type CborValue, readArray, readBytes, readUint } from "./cbor.js"
import { PUBLIC_KEY_BYTES } from "./envelope.js"
import { ArchiveError } from "./errors.js"
import { HASH_BYTES } from "./hash.js"
import { LIMITS } from "./limits.js"

/** How far a device's messages were when somebody vouched for them. SPEC.md §16.3. */
export interface ChatHead {
  readonly deviceKey: Uint8Array
  readonly counter: number
  readonly hash: Uint8Array
}

/** The field `chat` of an epoch statement. */
export function chatHeadsValue(heads: readonly ChatHead[]): CborValue {
  return heads.map(({ deviceKey, counter, hash }) => [deviceKey, counter, hash])
}

/** @throws {@link ArchiveError} `malformed` unless sorted by device, each once. CH8. */
export function readChatHeads(raw: CborValue): readonly ChatHead[] {
  const items = readArray(raw, "chat heads")
  if (items.length > LIMITS.chatHeads) throw new ArchiveError("malformed", "more chat heads than allowed")
  const heads = items.map((item): ChatHead => {
    const [deviceKey, counter, hash] = readArray(item, "chat head", 3)
    return {
      deviceKey: readBytes(deviceKey, "device key", PUBLIC_KEY_BYTES),
      counter: readUint(counter, "counter"),
      hash: readBytes(hash, "hash of a message", HASH_BYTES),
    }
  })
  assertAscending(
    heads.map(({ deviceKey }) => deviceKey),
    "chat heads",
  )
  return heads
}
