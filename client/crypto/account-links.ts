import { dayOf, type RandomBytes } from "../../shared/protocol/ambient.js"
import { seedBoxInfo } from "../../shared/protocol/boxes.js"
import { compareBytes, concatBytes, equalBytes, u64, utf8 } from "../../shared/protocol/bytes.js"
import { activeDevices, newestUserKey, type VerifiedChain } from "../../shared/protocol/chain.js"
import { makeEnvelope, type Signer } from "../../shared/protocol/envelope.js"
import { ArchiveError } from "../../shared/protocol/errors.js"
import { includesHash, sha256 } from "../../shared/protocol/hash.js"
import { LABELS } from "../../shared/protocol/labels.js"
import { LIMITS } from "../../shared/protocol/limits.js"
import {
  type BoxName,
  countersignedBytes,
  type DeviceKeys,
  encodeLink,
  encodeLinkStatement,
  type LinkBody,
  type NamedDevice,
  type NextUserKey,
} from "../../shared/protocol/link.js"
import {
  deriveFromSeed,
  type DeviceSecrets,
  publicKeysOf,
  sealDeviceName,
  seedBox,
  type UserSeed,
} from "./account-keys.js"
import { openRecord, sealRecord, type SealPlace } from "./committed-seal.js"
import { hpkeOpen } from "./hpke.js"
import { signerOfSeed, xwingPublicKey } from "./sodium.js"

/** The links behind an account's genesis, and what a device takes from them. SPEC.md §5.1. */

const SEED_BYTES = 32

export interface Ambient {
  readonly nowMs: number
  readonly random: RandomBytes
}

/** A link and the boxes that travel beside it. */
export interface MadeLink {
  readonly link: Uint8Array
  readonly boxes: readonly Uint8Array[]
}

/** A link with a new user key. */
export interface MadeUserKey extends MadeLink {
  readonly userSeed: UserSeed
}

/** An `add-device` link that its device has not countersigned yet. */
export interface PreparedDevice {
  readonly statement: Uint8Array
  readonly boxes: readonly Uint8Array[]
}

/** @param name at most 128 bytes. @throws {@link ArchiveError} `too-large` where the account has all the devices that it may have. */
export function prepareAddDevice(
  chain: VerifiedChain,
  signer: Signer,
  userSeed: UserSeed,
  device: { readonly keys: DeviceKeys; readonly name: string },
  ambient: Ambient,
): PreparedDevice {
  if (activeDevices(chain).length >= LIMITS.devices)
    throw new ArchiveError("too-large", `an account has at most ${LIMITS.devices} devices: revoke one first`)
  const { keys, name } = device
  const box = seedBox(keys, userSeed, chain.headHash, ambient.random)
  const named: NamedDevice = {
    ...keys,
    sealedName: sealDeviceName(userSeed.seed, keys.ed25519, name, ambient.random),
  }
  const body: LinkBody = { type: "add-device", device: named, boxes: [nameOf(keys, box)] }
  return { statement: statementOf(chain, signer, body, ambient), boxes: [box] }
}

/** What a device that is added gives for its countersignature. */
export function countersign(device: DeviceSecrets, statement: Uint8Array): Uint8Array {
  return signerOfSeed(device.ed25519Seed).sign(countersignedBytes(statement))
}

export function finishAddDevice(
  { statement, boxes }: PreparedDevice,
  signer: Signer,
  added: { readonly key: Uint8Array; readonly signature: Uint8Array },
): MadeLink {
  return { link: encodeLink(makeEnvelope(LABELS.signLink, signer, statement), [added]), boxes }
}

/** {@link prepareAddDevice} and {@link finishAddDevice} where the device's keys are at hand. */
export function makeAddDevice(
  chain: VerifiedChain,
  signer: Signer,
  userSeed: UserSeed,
  device: { readonly secrets: DeviceSecrets; readonly name: string },
  ambient: Ambient,
): MadeLink {
  const keys = publicKeysOf(device.secrets)
  const prepared = prepareAddDevice(chain, signer, userSeed, { keys, name: device.name }, ambient)
  const signature = countersign(device.secrets, prepared.statement)
  return finishAddDevice(prepared, signer, { key: keys.ed25519, signature })
}

export function makeRenameDevice(
  chain: VerifiedChain,
  signer: Signer,
  userSeed: UserSeed,
  deviceKey: Uint8Array,
  name: string,
  ambient: Ambient,
): MadeLink {
  const sealedName = sealDeviceName(userSeed.seed, deviceKey, name, ambient.random)
  return {
    link: sign(chain, signer, { type: "rename-device", ed25519: deviceKey, sealedName }, [], ambient),
    boxes: [],
  }
}

/** Revokes devices, and makes the user key that they don't get. */
export function makeRevokeDevices(
  chain: VerifiedChain,
  signer: Signer,
  userSeed: UserSeed,
  revoked: readonly Uint8Array[],
  ambient: Ambient,
): MadeUserKey {
  const staying = activeDevices(chain).filter(({ ed25519 }) => !includesHash(revoked, ed25519))
  const made = nextUserKey(chain, userSeed, [...staying, chain.recovery], ambient)
  const body: LinkBody = { type: "revoke-devices", revoked: revoked.toSorted(compareBytes), next: made.next }
  return { link: sign(chain, signer, body, [], ambient), boxes: made.boxes, userSeed: made.userSeed }
}

/** Puts another recovery device in the place of the one before, and makes the user key that that one doesn't get. */
export function makeReplaceRecovery(
  chain: VerifiedChain,
  signer: Signer,
  userSeed: UserSeed,
  recovery: DeviceSecrets,
  ambient: Ambient,
): MadeUserKey {
  const keys = publicKeysOf(recovery)
  const made = nextUserKey(chain, userSeed, [...activeDevices(chain), keys], ambient)
  const body: LinkBody = { type: "replace-recovery", recovery: keys, next: made.next }
  const link = sign(chain, signer, body, [signerOfSeed(recovery.ed25519Seed)], ambient)
  return { link, boxes: made.boxes, userSeed: made.userSeed }
}

/** Closes the account: no device acts for it any more. */
export function makeClose(chain: VerifiedChain, signer: Signer, ambient: Ambient): MadeLink {
  return { link: sign(chain, signer, { type: "close" }, [], ambient), boxes: [] }
}

/**
 * Every user seed of an account, the first first: the newest from this device's box, each older one from under the next.
 * @throws {@link ArchiveError} `cannot-open` where this device has no box; `bad-chain` for a seed that is not behind the chain's key.
 */
export function openUserSeeds(
  chain: VerifiedChain,
  device: DeviceSecrets,
  boxes: readonly Uint8Array[],
): readonly UserSeed[] {
  const { ed25519 } = publicKeysOf(device)
  const newest = newestUserKey(chain)
  const named = chain.boxes.findLast(
    ({ recipient, generation }) => generation === newest.generation && equalBytes(recipient, ed25519),
  )
  const box = named === undefined ? undefined : boxes.find((candidate) => equalBytes(sha256(candidate), named.hash))
  if (named === undefined || box === undefined) throw new ArchiveError("cannot-open", "this cannot be opened")
  let seed = hpkeOpen(device.xwingSeed, seedBoxInfo(ed25519, named.generation, named.prev), box)
  const seeds: UserSeed[] = []
  for (const { generation, publicKey, sealedPrevious } of chain.userKeys.toReversed()) {
    if (seed.length !== SEED_BYTES || !equalBytes(xwingPublicKey(seed), publicKey))
      throw new ArchiveError("bad-chain", "a user seed that is not behind its account's user key")
    seeds.unshift({ generation, seed })
    if (sealedPrevious !== null) seed = openRecord(previousPlace(chain.genesisHash, seed, generation), sealedPrevious)
  }
  return seeds
}

function nextUserKey(
  chain: VerifiedChain,
  before: UserSeed,
  recipients: readonly DeviceKeys[],
  { random }: Ambient,
): { readonly next: NextUserKey; readonly boxes: readonly Uint8Array[]; readonly userSeed: UserSeed } {
  const userSeed = { generation: newestUserKey(chain).generation + 1, seed: random(SEED_BYTES) }
  if (before.generation !== userSeed.generation - 1)
    throw new ArchiveError("conflict", "another device changed this account's key meanwhile")
  const boxes = recipients.map((keys) => seedBox(keys, userSeed, chain.headHash, random))
  const sealedPrevious = sealRecord(
    previousPlace(chain.genesisHash, userSeed.seed, userSeed.generation),
    before.seed,
    random,
  )
  const names = recipients.map((keys, index) => nameOf(keys, boxes[index] ?? new Uint8Array(0)))
  const userKey = { generation: userSeed.generation, publicKey: xwingPublicKey(userSeed.seed) }
  return { next: { userKey, sealedPrevious, boxes: names }, boxes, userSeed }
}

function previousPlace(genesisHash: Uint8Array, seed: Uint8Array, generation: number): SealPlace {
  return {
    key: deriveFromSeed(seed, LABELS.userSeedKey),
    label: LABELS.userSeed,
    context: concatBytes(genesisHash, u64(generation)),
    aad: utf8(""),
  }
}

function nameOf({ ed25519 }: DeviceKeys, box: Uint8Array): BoxName {
  return { recipient: ed25519, hash: sha256(box) }
}

function sign(
  chain: VerifiedChain,
  signer: Signer,
  body: LinkBody,
  added: readonly Signer[],
  ambient: Ambient,
): Uint8Array {
  const statement = statementOf(chain, signer, body, ambient)
  return encodeLink(
    makeEnvelope(LABELS.signLink, signer, statement),
    added.map((key) => ({ key: key.publicKey, signature: key.sign(countersignedBytes(statement)) })),
  )
}

function statementOf(chain: VerifiedChain, signer: Signer, body: LinkBody, { nowMs }: Ambient): Uint8Array {
  return encodeLinkStatement({
    seq: chain.linkHashes.length,
    prev: chain.headHash,
    signerKey: signer.publicKey,
    day: dayOf(nowMs),
    body,
  })
}
