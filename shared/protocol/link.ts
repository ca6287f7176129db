import { compareBytes, concatBytes, equalBytes, u8, utf8 } from "./bytes.js"
import {
  assertAscending,
  type CborValue,
  decodeCbor,
  encodeCbor,
  readArray,
  readBytes,
  readText,
  readUint,
  readVersioned,
} from "./cbor.js"
import { openEnvelope, PUBLIC_KEY_BYTES, SIGNATURE_BYTES, type VerifySignature } from "./envelope.js"
import { ArchiveError } from "./errors.js"
import { HASH_BYTES, ZERO_HASH } from "./hash.js"
import { LABELS } from "./labels.js"
import { LIMITS } from "./limits.js"

/** One link of an account's sigchain, as its own bytes say. What a chain makes of it: chain.ts. SPEC.md §5.1. */

/** X-Wing's public key. SPEC.md §1. */
export const XWING_PUBLIC_KEY_BYTES = 1_216

export interface DeviceKeys {
  readonly ed25519: Uint8Array
  readonly xwing: Uint8Array
}

export interface NamedDevice extends DeviceKeys {
  readonly sealedName: Uint8Array
}

export interface UserKey {
  readonly generation: number
  readonly publicKey: Uint8Array
}

/** That a box to `recipient` (an Ed25519 key) hashes to `hash`. */
export interface BoxName {
  readonly recipient: Uint8Array
  readonly hash: Uint8Array
}

/** A new user key, the seed before sealed under its own, and whom its boxes go to. */
export interface NextUserKey {
  readonly userKey: UserKey
  readonly sealedPrevious: Uint8Array
  readonly boxes: readonly BoxName[]
}

export type LinkBody =
  | {
      readonly type: "genesis"
      readonly device: NamedDevice
      readonly recovery: DeviceKeys
      readonly userKey: UserKey
      readonly boxes: readonly BoxName[]
    }
  | { readonly type: "add-device"; readonly device: NamedDevice; readonly boxes: readonly BoxName[] }
  | { readonly type: "rename-device"; readonly ed25519: Uint8Array; readonly sealedName: Uint8Array }
  | { readonly type: "revoke-devices"; readonly revoked: readonly Uint8Array[]; readonly next: NextUserKey }
  | { readonly type: "replace-recovery"; readonly recovery: DeviceKeys; readonly next: NextUserKey }
  | { readonly type: "close" }

export interface LinkStatement {
  readonly seq: number
  readonly prev: Uint8Array
  readonly signerKey: Uint8Array
  readonly day: number
  readonly body: LinkBody
}

export function encodeLinkStatement({ seq, prev, signerKey, day, body }: LinkStatement): Uint8Array {
  return encodeCbor([1, body.type, seq, prev, signerKey, day, bodyValue(body)])
}

function bodyValue(body: LinkBody): CborValue {
  const keys = ({ ed25519, xwing }: DeviceKeys): readonly CborValue[] => [ed25519, xwing]
  const named = (device: NamedDevice): readonly CborValue[] => [...keys(device), device.sealedName]
  const boxes = (list: readonly BoxName[]): CborValue => list.map(({ recipient, hash }) => [recipient, hash])
  const userKey = ({ generation, publicKey }: UserKey): CborValue => [generation, publicKey]
  const next = (made: NextUserKey): readonly CborValue[] => [
    userKey(made.userKey),
    made.sealedPrevious,
    boxes(made.boxes),
  ]
  switch (body.type) {
    case "genesis":
      return [named(body.device), keys(body.recovery), userKey(body.userKey), boxes(body.boxes)]
    case "add-device":
      return [named(body.device), boxes(body.boxes)]
    case "rename-device":
      return [body.ed25519, body.sealedName]
    case "revoke-devices":
      return [body.revoked, ...next(body.next)]
    case "replace-recovery":
      return [keys(body.recovery), ...next(body.next)]
    case "close":
      return []
  }
}

/** The Ed25519 keys that a link adds, which countersign it, in this order. */
export function addedKeys(body: LinkBody): readonly Uint8Array[] {
  switch (body.type) {
    case "genesis":
      return [body.device.ed25519, body.recovery.ed25519]
    case "add-device":
      return [body.device.ed25519]
    case "replace-recovery":
      return [body.recovery.ed25519]
    case "rename-device":
    case "revoke-devices":
    case "close":
      return []
  }
}

/** What each key that a link adds signs. SPEC.md §5.1. */
export function countersignedBytes(statement: Uint8Array): Uint8Array {
  return concatBytes(utf8(LABELS.signLinkAddedKey), u8(0), statement)
}

export function encodeLink(
  envelope: Uint8Array,
  countersignatures: readonly { readonly key: Uint8Array; readonly signature: Uint8Array }[],
): Uint8Array {
  return encodeCbor([envelope, countersignatures.map(({ key, signature }) => [key, signature])])
}

/**
 * Opens a link: its form, its signature and its countersignatures. SPEC.md §5.1, L1, L3, L5.
 * @throws {@link ArchiveError} `malformed`, `too-large`, `unsupported-version`, `bad-signature`, `bad-chain`.
 */
export function openLink(raw: Uint8Array, verify: VerifySignature): LinkStatement {
  const [rawEnvelope, rawCountersignatures] = readArray(decodeCbor(raw, LIMITS.linkBytes), "link", 2)
  const envelope = openEnvelope(
    readBytes(rawEnvelope, "envelope", { min: 1, max: LIMITS.linkBytes }),
    LABELS.signLink,
    verify,
    LIMITS.linkBytes,
  )
  const statement = decodeLinkStatement(envelope.statement)
  if (!equalBytes(statement.signerKey, envelope.publicKey))
    throw new ArchiveError("bad-signature", "a link that names another signer than its envelope")
  const added = addedKeys(statement.body)
  const countersignatures = readArray(rawCountersignatures, "countersignatures", added.length)
  added.forEach((key, index) => {
    const [rawKey, rawSignature] = readArray(countersignatures[index], "countersignature", 2)
    const countersigned = equalBytes(readBytes(rawKey, "added key", PUBLIC_KEY_BYTES), key)
    if (
      !countersigned ||
      !verify(readBytes(rawSignature, "countersignature", SIGNATURE_BYTES), countersignedBytes(envelope.statement), key)
    ) {
      throw new ArchiveError("bad-signature", "a link adds a key that did not countersign it")
    }
  })
  return statement
}

/** What a link would say: before it is countersigned, and once it is signed. @throws {@link ArchiveError} `malformed`, `too-large`, `unsupported-version`, `bad-chain`. */
export function decodeLinkStatement(raw: Uint8Array): LinkStatement {
  const [, rawType, rawSeq, rawPrev, rawSigner, rawDay, rawBody] = readVersioned(
    decodeCbor(raw, LIMITS.linkBytes),
    "link statement",
    7,
  )
  const type = readText(rawType, "type of a link", 32)
  const statement = {
    seq: readUint(rawSeq, "seq"),
    prev: readBytes(rawPrev, "prev", HASH_BYTES),
    signerKey: readBytes(rawSigner, "signer", PUBLIC_KEY_BYTES),
    day: readUint(rawDay, "day"),
    body: readBody(type, rawBody),
  }
  assertDistinct(addedKeys(statement.body))
  assertDistinct(addedXwingKeys(statement.body))
  return statement
}

function readBody(type: string, raw: CborValue | undefined): LinkBody {
  const items = (count: number): readonly CborValue[] => readArray(raw, "body of a link", count)
  switch (type) {
    case "genesis": {
      const [rawDevice, rawRecovery, rawUserKey, rawBoxes] = items(4)
      const [device, recovery] = [readDevice(rawDevice), readRecovery(rawRecovery)]
      return { type, device, recovery, userKey: readUserKey(rawUserKey), boxes: readBoxes(rawBoxes) }
    }
    case "add-device": {
      const [rawDevice, rawBoxes] = items(2)
      return { type, device: readDevice(rawDevice), boxes: readBoxes(rawBoxes) }
    }
    case "rename-device": {
      const [rawKey, rawName] = items(2)
      return { type, ed25519: readBytes(rawKey, "device", PUBLIC_KEY_BYTES), sealedName: readSealedName(rawName) }
    }
    case "revoke-devices": {
      const [rawRevoked, ...rest] = items(4)
      const revoked = readArray(rawRevoked, "revoked devices").map((key) =>
        readBytes(key, "revoked device", PUBLIC_KEY_BYTES),
      )
      assertAscending(revoked, "revoked devices")
      return { type, revoked, next: readNext(rest) }
    }
    case "replace-recovery": {
      const [rawRecovery, ...rest] = items(4)
      return { type, recovery: readRecovery(rawRecovery), next: readNext(rest) }
    }
    case "close":
      items(0)
      return { type }
    default:
      throw new ArchiveError(
        "unsupported-version",
        `a link of type ${JSON.stringify(type)}, which this version does not know`,
      )
  }
}

/** The X-Wing keys that a link adds, the user key's among them. */
export function addedXwingKeys(body: LinkBody): readonly Uint8Array[] {
  switch (body.type) {
    case "genesis":
      return [body.device.xwing, body.recovery.xwing, body.userKey.publicKey]
    case "add-device":
      return [body.device.xwing]
    case "replace-recovery":
      return [body.recovery.xwing, body.next.userKey.publicKey]
    case "revoke-devices":
      return [body.next.userKey.publicKey]
    case "rename-device":
    case "close":
      return []
  }
}

function readNext([rawUserKey, rawSealed, rawBoxes]: readonly CborValue[]): NextUserKey {
  const sealedPrevious = readBytes(rawSealed, "sealed user seed", SEALED_SEED_BYTES)
  return { userKey: readUserKey(rawUserKey), sealedPrevious, boxes: readBoxes(rawBoxes) }
}

/** Salt, commitment, one step of padding, tag. */
const SEALED_SEED_BYTES = 32 + 32 + 256 + 16

function readDevice(raw: CborValue | undefined): NamedDevice {
  const items = readArray(raw, "device", 3)
  return { ...readKeys(items, "device"), sealedName: readSealedName(items[2]) }
}

function readSealedName(raw: CborValue | undefined): Uint8Array {
  return readBytes(raw, "sealed device name", { min: 336, max: 592 })
}

function readRecovery(raw: CborValue | undefined): DeviceKeys {
  return readKeys(readArray(raw, "recovery device", 2), "recovery device")
}

function readKeys(items: readonly CborValue[], what: string): DeviceKeys {
  return {
    ed25519: readBytes(items[0], `Ed25519 key of the ${what}`, PUBLIC_KEY_BYTES),
    xwing: readBytes(items[1], `X-Wing key of the ${what}`, XWING_PUBLIC_KEY_BYTES),
  }
}

function readUserKey(raw: CborValue | undefined): UserKey {
  const [generation, publicKey] = readArray(raw, "user key", 2)
  return {
    generation: readUint(generation, "generation"),
    publicKey: readBytes(publicKey, "user key", XWING_PUBLIC_KEY_BYTES),
  }
}

function readBoxes(raw: CborValue | undefined): readonly BoxName[] {
  return readArray(raw, "boxes").map((item) => {
    const [recipient, hash] = readArray(item, "box", 2)
    return {
      recipient: readBytes(recipient, "recipient of a box", PUBLIC_KEY_BYTES),
      hash: readBytes(hash, "hash of a box", HASH_BYTES),
    }
  })
}

function assertDistinct(keys: readonly Uint8Array[]): void {
  const sorted = keys.toSorted(compareBytes)
  sorted.forEach((key, index) => {
    if (equalBytes(sorted[index - 1] ?? ZERO_HASH, key))
      throw new ArchiveError("bad-chain", "a link that uses one key twice")
  })
}
