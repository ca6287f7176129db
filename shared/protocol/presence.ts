import { utf8 } from "./bytes.js"
import { decodeCbor, encodeCbor, readBytes, readText, readUint, readVersioned } from "./cbor.js"
import { PUBLIC_KEY_BYTES } from "./envelope.js"
import { ArchiveError } from "./errors.js"
import { HASH_BYTES } from "./hash.js"

/** What somebody who has a meeting open says to the others who have; never stored. SPEC.md §11.2. */
export interface PresenceStatement {
  readonly meetingHash: Uint8Array
  readonly epoch: number
  readonly authorGenesisHash: Uint8Array
  readonly authorChainHead: Uint8Array
  readonly deviceKey: Uint8Array
  /** Random, of one run of one client with one meeting. */
  readonly session: Uint8Array
  /** Higher each time. */
  readonly counter: number
  readonly timeMs: number
  /** `here`, `gone`, or one that a reader may not know. */
  readonly type: string
  /** What it means is the type's. */
  readonly body: Uint8Array
}

/** Everything that is said is sealed in so many bytes, so that neither type nor name shows. */
export const PRESENCE_BYTES = 1_104
/** What is sealed, before the padding of §2. */
export const PRESENCE_PLAINTEXT_BYTES = 1_023
export const PRESENCE_SESSION_BYTES = 16
export const PRESENCE_TYPE_BYTES = 32
export const PRESENCE_BODY_BYTES = 512

export function encodePresence(said: PresenceStatement): Uint8Array {
  const { meetingHash, epoch, authorGenesisHash, authorChainHead, deviceKey } = said
  const { session, counter, timeMs, type, body } = said
  if (utf8(type).length > PRESENCE_TYPE_BYTES || type === "" || body.length > PRESENCE_BODY_BYTES)
    throw new ArchiveError("too-large", `a type has 1 to ${PRESENCE_TYPE_BYTES} bytes, a body ${PRESENCE_BODY_BYTES}`)
  return encodeCbor([
    1,
    meetingHash,
    epoch,
    authorGenesisHash,
    authorChainHead,
    deviceKey,
    session,
    counter,
    timeMs,
    type,
    body,
  ])
}

/** @throws {@link ArchiveError} `malformed`, `too-large`, `unsupported-version`. PR3. */
export function decodePresence(raw: Uint8Array): PresenceStatement {
  const items = readVersioned(decodeCbor(raw, PRESENCE_PLAINTEXT_BYTES), "presence", 11)
  const type = readText(items[9], "type", PRESENCE_TYPE_BYTES)
  if (type === "") throw new ArchiveError("malformed", "presence of no type")
  return {
    meetingHash: readBytes(items[1], "meeting hash", HASH_BYTES),
    epoch: readUint(items[2], "epoch"),
    authorGenesisHash: readBytes(items[3], "author", HASH_BYTES),
    authorChainHead: readBytes(items[4], "author's chain head", HASH_BYTES),
    deviceKey: readBytes(items[5], "device key", PUBLIC_KEY_BYTES),
    session: readBytes(items[6], "session", PRESENCE_SESSION_BYTES),
    counter: readUint(items[7], "counter"),
    timeMs: readUint(items[8], "time"),
    type,
    body: readBytes(items[10], "body", { min: 0, max: PRESENCE_BODY_BYTES }),
  }
}
