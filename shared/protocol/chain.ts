import { equalBytes } from "./bytes.js"
import type { VerifySignature } from "./envelope.js"
import { ArchiveError } from "./errors.js"
import { bothHeads, includesHash, sha256, ZERO_HASH } from "./hash.js"
import { type AccountId, idOfHash } from "./ids.js"
import { LIMITS } from "./limits.js"
import {
  addedKeys,
  addedXwingKeys,
  type BoxName,
  type DeviceKeys,
  type LinkBody,
  type LinkStatement,
  type NamedDevice,
  openLink,
  type UserKey,
} from "./link.js"
import { membersByHash, type RosterEntry } from "./roster.js"

/** An account's sigchain: which devices and user keys its links leave it. SPEC.md §5.1. */

export interface ChainDevice extends NamedDevice {
  /** Of the user key under which the name is sealed. */
  readonly nameGeneration: number
  readonly addedSeq: number
  /** `null` while it is active. */
  readonly revokedSeq: number | null
}

/** A user key, and the seed before as sealed under its own; `null` of the first. */
export interface ChainUserKey extends UserKey {
  readonly sealedPrevious: Uint8Array | null
  /** Of the link that made it. */
  readonly madeSeq: number
}

/** A box that brings a user seed to a device. */
export interface ChainBox extends BoxName {
  readonly generation: number
  /** What the link continues, which stands in the box's `info`. */
  readonly prev: Uint8Array
}

/** What a link did, and who signed it. */
export interface ChainLink {
  readonly type: LinkBody["type"]
  /** By its signer's clock. */
  readonly day: number
  readonly signerKey: Uint8Array
  /** Signed by the recovery device: somebody had the phrase. */
  readonly isByRecovery: boolean
}

/** A chain whose every link was verified. */
export interface VerifiedChain {
  readonly accountId: AccountId
  readonly genesisHash: Uint8Array
  /** Hashes of the links from the genesis on; the last is the chain head. */
  readonly linkHashes: readonly Uint8Array[]
  readonly links: readonly ChainLink[]
  readonly headHash: Uint8Array
  /** Revoked ones too, in the order in which they were added. */
  readonly devices: readonly ChainDevice[]
  readonly recovery: DeviceKeys
  /** Never empty; the newest last. */
  readonly userKeys: readonly ChainUserKey[]
  readonly boxes: readonly ChainBox[]
}

/** What a client remembers of an account, and never goes behind. SPEC.md §5.1. */
export interface ChainPin {
  readonly genesisHash: Uint8Array
  readonly seq: number
  readonly headHash: Uint8Array
  /** Whether the client verified the links up to there itself: then the same bytes' signatures are not verified again. */
  readonly isVerified: boolean
}

/**
 * Verifies a whole chain. SPEC.md §5.1, L1 to L12 but for the boxes' bytes.
 * @throws {@link ArchiveError} `malformed`, `too-large`, `unsupported-version`, `bad-signature`, `bad-chain`; `fork` where it does not extend `pin`.
 */
export function verifyChain(links: readonly Uint8Array[], verify: VerifySignature, pin?: ChainPin): VerifiedChain {
  const [rawGenesis] = links
  if (rawGenesis === undefined) throw new ArchiveError("bad-chain", "a chain without a genesis link")
  if (links.length > LIMITS.links) throw new ArchiveError("bad-chain", `a chain of more than ${LIMITS.links} links`)
  let chain: VerifiedChain | null = null
  const used: Uint8Array[] = []
  // The hashes of the links up to the pin are compared below.
  const verifiedBefore = pin?.isVerified === true ? pin.seq + 1 : 0
  for (const [seq, raw] of links.entries()) {
    const statement = openLink(raw, seq < verifiedBefore ? () => true : verify)
    assertUnused(used, statement.body)
    chain = chain === null ? beginChain(statement, sha256(raw)) : extendChain(chain, statement, sha256(raw))
  }
  if (chain === null) throw new ArchiveError("internal", "a chain without a genesis link")
  if (pin !== undefined) assertExtends(chain.linkHashes, pin)
  return chain
}

/** The devices that may sign for the account at its head. */
export function activeDevices(chain: VerifiedChain): readonly ChainDevice[] {
  return chain.devices.filter(({ revokedSeq }) => revokedSeq === null)
}

/** Whether the account was closed: no other link leaves it without an active device. SPEC.md §5.1, L8, L11, L12. */
export function isClosed(chain: VerifiedChain): boolean {
  return activeDevices(chain).length === 0
}

/** Whether a device was active at the head that stands at `seq`. */
export function isActiveAt(chain: VerifiedChain, deviceKey: Uint8Array, seq: number): boolean {
  const device = chain.devices.find(({ ed25519 }) => equalBytes(ed25519, deviceKey))
  return device !== undefined && device.addedSeq <= seq && (device.revokedSeq === null || device.revokedSeq > seq)
}

/** Whether a device was active at some time while `generation` was the newest user key. */
export function heldGeneration(chain: VerifiedChain, deviceKey: Uint8Array, generation: number): boolean {
  const device = chain.devices.find(({ ed25519 }) => equalBytes(ed25519, deviceKey))
  const made = chain.userKeys.find((key) => key.generation === generation)
  const next = chain.userKeys.find((key) => key.generation === generation + 1)
  if (device === undefined || made === undefined) return false
  const wasThere = next === undefined || device.addedSeq < next.madeSeq
  return wasThere && (device.revokedSeq === null || device.revokedSeq > made.madeSeq)
}

/** Where in a chain a head stands, or -1. */
export function indexOfHead(chain: VerifiedChain, head: Uint8Array): number {
  return chain.linkHashes.findIndex((hash) => equalBytes(hash, head))
}

/**
 * The user key of a roster's member, by its generation.
 * @throws {@link ArchiveError} `not-authorised` where its account does not have it.
 */
export function userKeysOf(
  chains: readonly Pick<VerifiedChain, "genesisHash" | "userKeys">[],
): (member: Pick<RosterEntry, "genesisHash" | "generation">) => Uint8Array {
  const chainOf = membersByHash(chains)
  return ({ genesisHash, generation }) => {
    const key = chainOf(genesisHash)?.userKeys.find((candidate) => candidate.generation === generation)
    if (key === undefined)
      throw new ArchiveError("not-authorised", "a roster that names a user key which its account does not have")
    return key.publicKey
  }
}

export function newestUserKey(chain: VerifiedChain): ChainUserKey {
  const newest = chain.userKeys.at(-1)
  if (newest === undefined) throw new ArchiveError("internal", "a chain without a user key")
  return newest
}

/** @throws {@link ArchiveError} `bad-chain` unless these are the boxes that the newest link names, in its order. L10. */
export function assertBoxesOfHead(chain: VerifiedChain, before: number, boxes: readonly Uint8Array[]): void {
  const named = chain.boxes.slice(before)
  const fits =
    named.length === boxes.length &&
    boxes.every((box, index) => equalBytes(sha256(box), named[index]?.hash ?? ZERO_HASH))
  if (!fits) throw new ArchiveError("bad-chain", "boxes that are not those that the link names")
}

function beginChain({ seq, prev, signerKey, day, body }: LinkStatement, hash: Uint8Array): VerifiedChain {
  if (body.type !== "genesis" || seq !== 0 || !equalBytes(prev, ZERO_HASH))
    throw new ArchiveError("bad-chain", "a chain that does not begin with a genesis link")
  const { device, recovery, userKey, boxes } = body
  if (!equalBytes(signerKey, device.ed25519))
    throw new ArchiveError("bad-signature", "a genesis link that its own first device did not sign")
  if (userKey.generation !== 1) throw new ArchiveError("bad-chain", "a first user key that is not generation 1")
  assertBoxesGoTo(boxes, [device, recovery])
  return {
    accountId: idOfHash("account", hash),
    genesisHash: hash,
    linkHashes: [hash],
    links: [{ type: body.type, day, signerKey, isByRecovery: false }],
    headHash: hash,
    devices: [{ ...device, nameGeneration: 1, addedSeq: 0, revokedSeq: null }],
    recovery,
    userKeys: [{ ...userKey, sealedPrevious: null, madeSeq: 0 }],
    boxes: boxes.map((box) => ({ ...box, generation: 1, prev })),
  }
}

function extendChain(chain: VerifiedChain, statement: LinkStatement, hash: Uint8Array): VerifiedChain {
  const { seq, prev, signerKey, day, body } = statement
  if (seq !== chain.linkHashes.length || !equalBytes(prev, chain.headHash) || body.type === "genesis")
    throw new ArchiveError("bad-chain", "links that do not follow each other")
  if (isClosed(chain)) throw new ArchiveError("bad-chain", "a link behind the one that closed the account")
  const isByRecovery = equalBytes(signerKey, chain.recovery.ed25519)
  if (!isActiveAt(chain, signerKey, seq) && !(isByRecovery && body.type !== "close"))
    throw new ArchiveError("bad-signature", "a link by a key that is no active device of its account")
  const changed = changeOf(chain, seq, body)
  const links = [...chain.links, { type: body.type, day, signerKey, isByRecovery }]
  const after = { ...chain, ...changed, linkHashes: [...chain.linkHashes, hash], links, headHash: hash }
  if (body.type === "rename-device" || body.type === "close") return after
  const { generation } = newestUserKey(after)
  const boxes = body.type === "add-device" ? body.boxes : body.next.boxes
  assertBoxesGoTo(boxes, body.type === "add-device" ? [body.device] : [...activeDevices(after), after.recovery])
  return { ...after, boxes: [...chain.boxes, ...boxes.map((box) => ({ ...box, generation, prev }))] }
}

function changeOf(
  chain: VerifiedChain,
  seq: number,
  body: Exclude<LinkBody, { type: "genesis" }>,
): Partial<Pick<VerifiedChain, "devices" | "recovery" | "userKeys">> {
  const { generation } = newestUserKey(chain)
  switch (body.type) {
    case "add-device": {
      if (activeDevices(chain).length >= LIMITS.devices)
        throw new ArchiveError("bad-chain", `an account with more than ${LIMITS.devices} devices`)
      const added = { ...body.device, nameGeneration: generation, addedSeq: seq, revokedSeq: null }
      return { devices: [...chain.devices, added] }
    }
    case "rename-device": {
      assertActive(chain, [body.ed25519])
      const renamed = { sealedName: body.sealedName, nameGeneration: generation }
      return {
        devices: chain.devices.map((device) =>
          equalBytes(device.ed25519, body.ed25519) ? { ...device, ...renamed } : device,
        ),
      }
    }
    case "revoke-devices": {
      assertActive(chain, body.revoked)
      if (body.revoked.length === 0 || body.revoked.length === activeDevices(chain).length)
        throw new ArchiveError("bad-chain", "a link that revokes no device, or all")
      const devices = chain.devices.map((device) =>
        includesHash(body.revoked, device.ed25519) ? { ...device, revokedSeq: seq } : device,
      )
      return { devices, userKeys: nextUserKeys(chain, body.next) }
    }
    case "replace-recovery":
      return { recovery: body.recovery, userKeys: nextUserKeys(chain, body.next) }
    case "close":
      return { devices: chain.devices.map((device) => ({ ...device, revokedSeq: device.revokedSeq ?? seq })) }
  }
}

function nextUserKeys(
  chain: VerifiedChain,
  { userKey, sealedPrevious }: { readonly userKey: UserKey; readonly sealedPrevious: Uint8Array },
): readonly ChainUserKey[] {
  if (userKey.generation !== newestUserKey(chain).generation + 1)
    throw new ArchiveError("bad-chain", "a user key that is not the next generation")
  return [...chain.userKeys, { ...userKey, sealedPrevious, madeSeq: chain.linkHashes.length }]
}

function assertActive(chain: VerifiedChain, keys: readonly Uint8Array[]): void {
  const seq = chain.linkHashes.length - 1
  if (!keys.every((key) => isActiveAt(chain, key, seq)))
    throw new ArchiveError("bad-chain", "a link about a device that is not active")
}

function assertBoxesGoTo(boxes: readonly BoxName[], devices: readonly DeviceKeys[]): void {
  const fits =
    boxes.length === devices.length &&
    boxes.every(({ recipient }, index) => equalBytes(recipient, devices[index]?.ed25519 ?? ZERO_HASH))
  if (!fits) throw new ArchiveError("bad-chain", "a box for a key that is not the one expected there")
}

function assertUnused(used: Uint8Array[], body: LinkBody): void {
  const added = [...addedKeys(body), ...addedXwingKeys(body)]
  if (added.some((key) => includesHash(used, key)))
    throw new ArchiveError("bad-chain", "a link that adds a key which the chain had before")
  used.push(...added)
}

function assertExtends(linkHashes: readonly Uint8Array[], pin: ChainPin): void {
  const [genesis, pinned] = [linkHashes[0], linkHashes[pin.seq]]
  if (genesis === undefined || !equalBytes(genesis, pin.genesisHash))
    throw new ArchiveError("fork", "an account's chain begins otherwise than the one known here")
  if (pinned === undefined || !equalBytes(pinned, pin.headHash))
    throw new ArchiveError(
      "fork",
      `an account's chain does not extend the head known here: ${bothHeads(pin.headHash, pinned)}`,
    )
}
