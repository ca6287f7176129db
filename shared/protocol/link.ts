import { compareBytes, concatBytes, equalBytes, u8, utf8 } from "./bytes.js"
import {
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
import { HASH_BYTES, sha256, ZERO_HASH } from "./hash.js"
import { type AccountId, idOfHash } from "./ids.js"
import { LABELS } from "./labels.js"
import { LIMITS } from "./limits.js"

/** X-Wing's public key. SPEC.md §1. */
export const XWING_PUBLIC_KEY_BYTES = 1_216

export interface DeviceKeys {
  readonly ed25519: Uint8Array
  readonly xwing: Uint8Array
}

/** What the genesis link of an account says. SPEC.md §5.1. */
export interface GenesisStatement {
  readonly day: number
  readonly device: DeviceKeys & { readonly sealedName: Uint8Array }
  readonly recovery: DeviceKeys
  readonly userPublicKey: Uint8Array
  /** SHA-256 of the user seed's boxes: to the device, to the recovery device. */
  readonly boxHashes: readonly [device: Uint8Array, recovery: Uint8Array]
}

/** A chain whose every link was verified. */
export interface VerifiedChain {
  readonly accountId: AccountId
  readonly genesisHash: Uint8Array
  /** Hashes of the links from the genesis on; the last is the chain head. */
  readonly linkHashes: readonly Uint8Array[]
  readonly headHash: Uint8Array
  readonly devices: readonly (DeviceKeys & { readonly sealedName: Uint8Array })[]
  readonly recovery: DeviceKeys
  readonly userKeys: readonly { readonly generation: number; readonly publicKey: Uint8Array }[]
  readonly boxHashes: readonly Uint8Array[]
}

/** What a client remembers of an account, and never goes behind. SPEC.md §5.1. */
export interface ChainPin {
  readonly genesisHash: Uint8Array
  readonly seq: number
  readonly headHash: Uint8Array
}

export function encodeGenesisStatement(genesis: GenesisStatement): Uint8Array {
  const { device, recovery, boxHashes } = genesis
  return encodeCbor([
    1,
    "genesis",
    0,
    ZERO_HASH,
    device.ed25519,
    genesis.day,
    [
      [device.ed25519, device.xwing, device.sealedName],
      [recovery.ed25519, recovery.xwing],
      [1, genesis.userPublicKey],
      [
        [device.ed25519, boxHashes[0]],
        [recovery.ed25519, boxHashes[1]],
      ],
    ],
  ])
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
 * Verifies a whole chain. SPEC.md §5.1.
 * @throws {@link ArchiveError} `malformed`, `too-large`, `unsupported-version`, `bad-signature`, `bad-chain`; `fork` where it does not extend `pin`.
 */
export function verifyChain(links: readonly Uint8Array[], verify: VerifySignature, pin?: ChainPin): VerifiedChain {
  const [rawGenesis, second] = links
  if (rawGenesis === undefined) throw new ArchiveError("bad-chain", "a chain without a genesis link")
  if (second !== undefined)
    throw new ArchiveError("unsupported-version", "a chain with links that this version does not know")
  const genesis = verifyGenesisLink(rawGenesis, verify)
  const genesisHash = sha256(rawGenesis)
  if (pin !== undefined) assertExtends([genesisHash], pin)
  return {
    accountId: idOfHash("account", genesisHash),
    genesisHash,
    linkHashes: [genesisHash],
    headHash: genesisHash,
    devices: [genesis.device],
    recovery: genesis.recovery,
    userKeys: [{ generation: 1, publicKey: genesis.userPublicKey }],
    boxHashes: genesis.boxHashes,
  }
}

function assertExtends(linkHashes: readonly Uint8Array[], pin: ChainPin): void {
  const [genesis, pinned] = [linkHashes[0], linkHashes[pin.seq]]
  if (genesis === undefined || !equalBytes(genesis, pin.genesisHash))
    throw new ArchiveError("fork", "an account's chain begins otherwise than the one known here")
  if (pinned === undefined || !equalBytes(pinned, pin.headHash))
    throw new ArchiveError("fork", "an account's chain does not extend the head known here")
}

/** @throws {@link ArchiveError} as {@link verifyChain}. */
export function verifyGenesisLink(raw: Uint8Array, verify: VerifySignature): GenesisStatement {
  const [rawEnvelope, rawCountersignatures] = readArray(decodeCbor(raw, LIMITS.linkBytes), "link", 2)
  const envelope = openEnvelope(
    readBytes(rawEnvelope, "envelope", { min: 1, max: LIMITS.linkBytes }),
    LABELS.signLink,
    verify,
    LIMITS.linkBytes,
  )
  const genesis = decodeGenesisStatement(envelope.statement, envelope.publicKey)
  const added = [genesis.device.ed25519, genesis.recovery.ed25519]
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
  return genesis
}

function decodeGenesisStatement(raw: Uint8Array, envelopeKey: Uint8Array): GenesisStatement {
  const [, rawType, rawSeq, rawPrev, rawSigner, rawDay, rawBody] = readVersioned(
    decodeCbor(raw, LIMITS.linkBytes),
    "link statement",
    7,
  )
  const type = readText(rawType, "type of a link", 32)
  if (type !== "genesis")
    throw new ArchiveError(
      "unsupported-version",
      `a link of type ${JSON.stringify(type)}, which this version does not know`,
    )
  if (readUint(rawSeq, "seq") !== 0 || !equalBytes(readBytes(rawPrev, "prev", HASH_BYTES), ZERO_HASH)) {
    throw new ArchiveError("bad-chain", "a genesis link that is not the first")
  }
  const [rawDevice, rawRecovery, rawUserKey, rawBoxes] = readArray(rawBody, "body of a link", 4)
  const deviceItems = readArray(rawDevice, "device", 3)
  const sealedName = readBytes(deviceItems[2], "sealed device name", { min: 336, max: 592 })
  const device = { ...readKeys(deviceItems, "device"), sealedName }
  const recovery = readKeys(readArray(rawRecovery, "recovery device", 2), "recovery device")
  const [rawGeneration, rawUserPublicKey] = readArray(rawUserKey, "user key", 2)
  if (readUint(rawGeneration, "generation") !== 1)
    throw new ArchiveError("bad-chain", "a first user key that is not generation 1")
  const userPublicKey = readBytes(rawUserPublicKey, "user key", XWING_PUBLIC_KEY_BYTES)
  const boxes = readArray(rawBoxes, "boxes", 2)
  const signer = readBytes(rawSigner, "signer", PUBLIC_KEY_BYTES)
  if (!equalBytes(signer, envelopeKey) || !equalBytes(signer, device.ed25519)) {
    throw new ArchiveError("bad-signature", "a genesis link that its own first device did not sign")
  }
  assertDistinct([device.ed25519, recovery.ed25519])
  assertDistinct([device.xwing, recovery.xwing, userPublicKey])
  return {
    day: readUint(rawDay, "day"),
    device,
    recovery,
    userPublicKey,
    boxHashes: [readBoxHash(boxes[0], device.ed25519), readBoxHash(boxes[1], recovery.ed25519)],
  }
}

function readKeys(items: readonly CborValue[], what: string): DeviceKeys {
  return {
    ed25519: readBytes(items[0], `Ed25519 key of the ${what}`, PUBLIC_KEY_BYTES),
    xwing: readBytes(items[1], `X-Wing key of the ${what}`, XWING_PUBLIC_KEY_BYTES),
  }
}

function readBoxHash(raw: CborValue | undefined, recipient: Uint8Array): Uint8Array {
  const [rawRecipient, rawHash] = readArray(raw, "box", 2)
  if (!equalBytes(readBytes(rawRecipient, "recipient of a box", PUBLIC_KEY_BYTES), recipient)) {
    throw new ArchiveError("bad-chain", "a box for a key that is not the one expected there")
  }
  return readBytes(rawHash, "hash of a box", HASH_BYTES)
}

function assertDistinct(keys: readonly Uint8Array[]): void {
  const sorted = keys.toSorted(compareBytes)
  sorted.forEach((key, index) => {
    const before = sorted[index - 1]
    if (before !== undefined && equalBytes(before, key))
      throw new ArchiveError("bad-chain", "a link that uses one key twice")
  })
}
