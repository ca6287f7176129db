import { entropyToMnemonic, mnemonicToEntropy } from "@scure/bip39"
import { wordlist } from "@scure/bip39/wordlists/english.js"
import { dayOf, type RandomBytes } from "../../shared/protocol/ambient.js"
import { seedBoxInfo } from "../../shared/protocol/boxes.js"
import { concatBytes, fromUtf8, lengthPrefixed, utf8 } from "../../shared/protocol/bytes.js"
import { makeEnvelope, type Signer } from "../../shared/protocol/envelope.js"
import { ArchiveError } from "../../shared/protocol/errors.js"
import { sha256, ZERO_HASH } from "../../shared/protocol/hash.js"
import { type Label, LABELS } from "../../shared/protocol/labels.js"
import { LIMITS } from "../../shared/protocol/limits.js"
import { countersignedBytes, type DeviceKeys, encodeLink, encodeLinkStatement } from "../../shared/protocol/link.js"
import { openRecord, sealRecord, type SealPlace } from "./committed-seal.js"
import { hpkeSeal } from "./hpke.js"
import { blake2b, signerOfSeed, xwingPublicKey } from "./sodium.js"

const EMPTY = new Uint8Array(0)
const SEED_BYTES = 32

export interface DeviceSecrets {
  readonly ed25519Seed: Uint8Array
  readonly xwingSeed: Uint8Array
}

export interface UserSeed {
  readonly generation: number
  readonly seed: Uint8Array
}

/** All that a device holds of its account. */
export interface AccountSecrets {
  readonly genesisHash: Uint8Array
  readonly device: DeviceSecrets
  readonly userSeeds: readonly UserSeed[]
}

export interface NewAccount {
  readonly genesisLink: Uint8Array
  /** The user seed's boxes: to the device, to the recovery device. */
  readonly boxes: readonly [device: Uint8Array, recovery: Uint8Array]
  readonly secrets: AccountSecrets
  /** 24 words, to be shown once and kept nowhere. */
  readonly recoveryPhrase: string
}

/** Makes an account with its first device, recovery device and user key. SPEC.md §5.1. */
export function createAccount(options: {
  readonly deviceName: string
  readonly nowMs: number
  readonly random: RandomBytes
}): NewAccount {
  const { random } = options
  const phrase = makeRecoveryPhrase(random)
  const device = makeDevice(random)
  const userSeed: UserSeed = { generation: 1, seed: random(SEED_BYTES) }
  const [deviceKeys, recoveryKeys] = [publicKeysOf(device), publicKeysOf(phrase.device)]
  const boxes = [
    seedBox(deviceKeys, userSeed, ZERO_HASH, random),
    seedBox(recoveryKeys, userSeed, ZERO_HASH, random),
  ] as const
  const [deviceSigner, recoverySigner] = [signerOfSeed(device.ed25519Seed), signerOfSeed(phrase.device.ed25519Seed)]
  const statement = encodeLinkStatement({
    seq: 0,
    prev: ZERO_HASH,
    signerKey: deviceSigner.publicKey,
    day: dayOf(options.nowMs),
    body: {
      type: "genesis",
      device: {
        ...deviceKeys,
        sealedName: sealDeviceName(userSeed.seed, deviceKeys.ed25519, options.deviceName, random),
      },
      recovery: recoveryKeys,
      userKey: { generation: 1, publicKey: xwingPublicKey(userSeed.seed) },
      boxes: [
        { recipient: deviceKeys.ed25519, hash: sha256(boxes[0]) },
        { recipient: recoveryKeys.ed25519, hash: sha256(boxes[1]) },
      ],
    },
  })
  const genesisLink = encodeLink(
    makeEnvelope(LABELS.signLink, deviceSigner, statement),
    [deviceSigner, recoverySigner].map((signer) => ({
      key: signer.publicKey,
      signature: signer.sign(countersignedBytes(statement)),
    })),
  )
  return {
    genesisLink,
    boxes,
    secrets: { genesisHash: sha256(genesisLink), device, userSeeds: [userSeed] },
    recoveryPhrase: phrase.words,
  }
}

export function makeDevice(random: RandomBytes): DeviceSecrets {
  return { ed25519Seed: random(SEED_BYTES), xwingSeed: random(SEED_BYTES) }
}

export function publicKeysOf(device: DeviceSecrets): DeviceKeys {
  return { ed25519: signerOfSeed(device.ed25519Seed).publicKey, xwing: xwingPublicKey(device.xwingSeed) }
}

/** The box that brings a user seed to a device, in the link that continues `prev`. */
export function seedBox(recipient: DeviceKeys, userSeed: UserSeed, prev: Uint8Array, random: RandomBytes): Uint8Array {
  const info = seedBoxInfo(recipient.ed25519, userSeed.generation, prev)
  return hpkeSeal({ recipientPublicKey: recipient.xwing, info, plaintext: userSeed.seed }, random)
}

/** @throws {@link ArchiveError} `usage` above 128 bytes. */
export function sealDeviceName(
  userSeed: Uint8Array,
  deviceKey: Uint8Array,
  deviceName: string,
  random: RandomBytes,
): Uint8Array {
  const name = utf8(deviceName)
  if (name.length > LIMITS.deviceNameBytes)
    throw new ArchiveError("usage", `a device name has at most ${LIMITS.deviceNameBytes} bytes`)
  return sealRecord(deviceNamePlace(userSeed, deviceKey), name, random)
}

/** @throws {@link ArchiveError} `cannot-open`. */
export function openDeviceName(userSeed: Uint8Array, deviceKey: Uint8Array, sealedName: Uint8Array): string {
  return fromUtf8(openRecord(deviceNamePlace(userSeed, deviceKey), sealedName))
}

/** A new recovery device, and the 24 words for it, to be shown once and kept nowhere. */
export function makeRecoveryPhrase(random: RandomBytes): { readonly words: string; readonly device: DeviceSecrets } {
  const entropy = random(SEED_BYTES)
  return { words: entropyToMnemonic(entropy, wordlist), device: recoveryDevice(entropy) }
}

function deviceNamePlace(userSeed: Uint8Array, deviceKey: Uint8Array): SealPlace {
  return {
    key: deriveFromSeed(userSeed, LABELS.deviceNameKey),
    label: LABELS.deviceName,
    context: deviceKey,
    aad: EMPTY,
  }
}

/** The recovery device of 24 words. @throws {@link ArchiveError} `usage` if they are no phrase of ours. */
export function recoveryDeviceOfPhrase(phrase: string): DeviceSecrets {
  try {
    const entropy = mnemonicToEntropy(phrase.trim().toLowerCase().split(/\s+/).join(" "), wordlist)
    if (entropy.length !== SEED_BYTES) throw new ArchiveError("usage", "a recovery phrase has 24 words")
    return recoveryDevice(entropy)
  } catch (cause) {
    throw new ArchiveError("usage", "not a recovery phrase: check each word and their order", { cause })
  }
}

function recoveryDevice(entropy: Uint8Array): DeviceSecrets {
  return {
    ed25519Seed: deriveFromSeed(entropy, LABELS.recoveryEd25519),
    xwingSeed: deriveFromSeed(entropy, LABELS.recoveryXwing),
  }
}

/** 24 words to compare aloud; each stands for the account's full genesis hash. SPEC.md §5.2. */
export function safetyWords(genesisHash: Uint8Array): string {
  return entropyToMnemonic(
    blake2b(32, ZERO_HASH, concatBytes(lengthPrefixed(utf8(LABELS.safetyWords)), genesisHash)),
    wordlist,
  )
}

/** The key of keyring seals. SPEC.md §5.4. */
export function keyringKey(userSeed: Uint8Array): Uint8Array {
  return deriveFromSeed(userSeed, LABELS.keyringKey)
}

export function deviceSigner(secrets: AccountSecrets): Signer {
  return signerOfSeed(secrets.device.ed25519Seed)
}

/** @throws {@link ArchiveError} `cannot-open` if this device does not hold that generation. */
export function userSeedOf(secrets: AccountSecrets, generation: number): Uint8Array {
  const found = secrets.userSeeds.find((candidate) => candidate.generation === generation)
  if (found === undefined) throw new ArchiveError("cannot-open", "this cannot be opened")
  return found.seed
}

export function newestUserSeed(secrets: AccountSecrets): UserSeed {
  const newest = secrets.userSeeds.at(-1)
  if (newest === undefined) throw new ArchiveError("internal", "an account without a user key")
  return newest
}

export function deriveFromSeed(seed: Uint8Array, label: Label): Uint8Array {
  return blake2b(32, seed, lengthPrefixed(utf8(label)))
}
