import type { RandomBytes } from "../../shared/protocol/ambient.js"
import { concatBytes, equalBytes, u64, utf8 } from "../../shared/protocol/bytes.js"
import {
  type CborValue,
  decodeCbor,
  encodeCbor,
  readBytes,
  readText,
  readUint,
  readVersioned,
} from "../../shared/protocol/cbor.js"
import { formatChecked, parseChecked } from "../../shared/protocol/checked-text.js"
import { PUBLIC_KEY_BYTES, SIGNATURE_BYTES } from "../../shared/protocol/envelope.js"
import { ArchiveError } from "../../shared/protocol/errors.js"
import { HASH_BYTES, ID_BYTES, sha256 } from "../../shared/protocol/hash.js"
import { asId, type PairingId } from "../../shared/protocol/ids.js"
import { LABELS } from "../../shared/protocol/labels.js"
import { LIMITS } from "../../shared/protocol/limits.js"
import { type DeviceKeys, XWING_PUBLIC_KEY_BYTES } from "../../shared/protocol/link.js"
import { deriveFromSeed } from "./account-keys.js"
import { openRecord, sealRecord, type SealPlace } from "./committed-seal.js"

/** The code that a new device shows, and what the two devices send each other under its secret. SPEC.md §5.5. */

const SECRET_BYTES = 16
const CODE_PREFIX = "pair_"

/** What a code says. */
export interface PairingCode {
  /** Never seen by a server. */
  readonly secret: Uint8Array
  /** Of the device that shows the code. */
  readonly keysHash: Uint8Array
}

/** What the new device asks for. */
export interface PairingRequest extends DeviceKeys {
  readonly name: string
}

/** What the account's device answers: what the new one must never be shown less of, and the link that it countersigns. */
export interface PairingOffer {
  readonly genesisHash: Uint8Array
  /** The newest link that the account's device has seen. */
  readonly chain: { readonly seq: number; readonly headHash: Uint8Array }
  readonly keyring: { readonly count: number; readonly hash: Uint8Array }
  readonly instanceKey: Uint8Array
  readonly linkStatement: Uint8Array
}

/** `pair_…`: 84 characters that carry a check value. */
export function formatPairingCode({ secret, keysHash }: PairingCode): string {
  return formatChecked(CODE_PREFIX, concatBytes(secret, keysHash))
}

/** @throws {@link ArchiveError} `malformed`. */
export function parsePairingCode(text: string): PairingCode {
  const body = parseChecked(CODE_PREFIX, text.trim(), SECRET_BYTES + HASH_BYTES)
  return { secret: body.slice(0, SECRET_BYTES), keysHash: body.slice(SECRET_BYTES) }
}

/** Where the two devices meet at the server. */
export function pairingIdOf(secret: Uint8Array): PairingId {
  return asId("pairing", deriveFromSeed(secret, LABELS.pairingId).slice(0, ID_BYTES))
}

export function hashOfKeys({ ed25519, xwing }: DeviceKeys): Uint8Array {
  return sha256(encodeCbor([ed25519, xwing]))
}

export function sealRequest(secret: Uint8Array, request: PairingRequest, random: RandomBytes): Uint8Array {
  return seal(secret, 0, [1, request.ed25519, request.xwing, request.name], random)
}

/**
 * P1, P2.
 * @throws {@link ArchiveError} `cannot-open`, `malformed`, `too-large`, `unsupported-version`; `not-authorised` where the keys are not those of the code.
 */
export function openRequest({ secret, keysHash }: PairingCode, sealed: Uint8Array): PairingRequest {
  const [, rawEd25519, rawXwing, rawName] = open(secret, 0, sealed, "pairing request", 4)
  const request = {
    ed25519: readBytes(rawEd25519, "Ed25519 key of the device", PUBLIC_KEY_BYTES),
    xwing: readBytes(rawXwing, "X-Wing key of the device", XWING_PUBLIC_KEY_BYTES),
    name: readText(rawName, "name of the device", LIMITS.deviceNameBytes),
  }
  if (!equalBytes(hashOfKeys(request), keysHash))
    throw new ArchiveError(
      "not-authorised",
      "the keys that the server gives are not those of the device with this code",
    )
  return request
}

/** @param n the place of the message, which is odd. */
export function sealOffer(secret: Uint8Array, n: number, offer: PairingOffer, random: RandomBytes): Uint8Array {
  const { genesisHash, chain, keyring, instanceKey, linkStatement } = offer
  return seal(
    secret,
    n,
    [1, genesisHash, chain.seq, chain.headHash, keyring.count, keyring.hash, instanceKey, linkStatement],
    random,
  )
}

/** @throws {@link ArchiveError} `cannot-open`, `malformed`, `too-large`, `unsupported-version`. P2. */
export function openOffer(secret: Uint8Array, n: number, sealed: Uint8Array): PairingOffer {
  const [, rawGenesis, rawSeq, rawHead, rawCount, rawHash, rawInstance, rawStatement] = open(
    secret,
    n,
    sealed,
    "pairing offer",
    8,
  )
  return {
    genesisHash: readBytes(rawGenesis, "genesis hash", HASH_BYTES),
    chain: { seq: readUint(rawSeq, "seq"), headHash: readBytes(rawHead, "chain head", HASH_BYTES) },
    keyring: { count: readUint(rawCount, "records"), hash: readBytes(rawHash, "keyring head", HASH_BYTES) },
    instanceKey: readBytes(rawInstance, "instance key", PUBLIC_KEY_BYTES),
    linkStatement: readBytes(rawStatement, "link", { min: 1, max: LIMITS.linkBytes }),
  }
}

/** @param n the place of the message, which is even. */
export function sealCountersignature(
  secret: Uint8Array,
  n: number,
  signature: Uint8Array,
  random: RandomBytes,
): Uint8Array {
  return seal(secret, n, [1, signature], random)
}

/** @throws {@link ArchiveError} `cannot-open`, `malformed`, `too-large`, `unsupported-version`. P2. */
export function openCountersignature(secret: Uint8Array, n: number, sealed: Uint8Array): Uint8Array {
  const [, rawSignature] = open(secret, n, sealed, "countersignature", 2)
  return readBytes(rawSignature, "countersignature", SIGNATURE_BYTES)
}

function seal(secret: Uint8Array, n: number, message: CborValue, random: RandomBytes): Uint8Array {
  return sealRecord(placeOf(secret, n), encodeCbor(message), random)
}

function open(secret: Uint8Array, n: number, sealed: Uint8Array, what: string, length: number): readonly CborValue[] {
  if (sealed.length > LIMITS.pairingMessageBytes) throw new ArchiveError("too-large", `a ${what} that is too long`)
  const plaintext = openRecord(placeOf(secret, n), sealed)
  return readVersioned(decodeCbor(plaintext, LIMITS.pairingMessageBytes), what, length)
}

function placeOf(secret: Uint8Array, n: number): SealPlace {
  return {
    key: deriveFromSeed(secret, LABELS.pairingKey),
    label: LABELS.pairing,
    context: concatBytes(pairingIdOf(secret), u64(n)),
    aad: utf8(""),
  }
}
