import { concatBytes, toHex } from "../protocol/bytes.js"
import { encodeCbor } from "../protocol/cbor.js"

/** Packs of old messages. SPEC.md §16.6. */

const PACK_VERSION = 1
/** What the name of every pack begins with. */
export const PACKS_PREFIX = "m/"

/** All that a pack says of a message, so that its row can be made again from it. */
export interface PackedMessage {
  readonly seq: number
  readonly incarnation: number
  readonly day: number
  readonly message: Uint8Array
}

export interface Pack {
  readonly bytes: Uint8Array
  /** Where in it each message's own bytes begin. */
  readonly offsets: readonly number[]
}

/** @param messages by seq, of one day. CS7. */
export function makePack(meetingId: Uint8Array, messages: readonly PackedMessage[]): Pack {
  const parts: Uint8Array[] = [encodeCbor([PACK_VERSION, meetingId])]
  let sizeBytes = parts[0]?.length ?? 0
  const offsets = messages.map(({ seq, incarnation, day, message }) => {
    const item = encodeCbor([seq, incarnation, day, message])
    parts.push(item)
    sizeBytes += item.length
    // The message is the last that the item has.
    return sizeBytes - message.length
  })
  return { bytes: concatBytes(...parts), offsets }
}

/** What the object of a pack is called in the store. */
export function packKey(packId: Uint8Array): string {
  return `${PACKS_PREFIX}${toHex(packId)}`
}
