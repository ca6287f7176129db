import { scrypt } from "@noble/hashes/scrypt.js"
import type { RandomBytes } from "../../shared/protocol/ambient.js"
import { utf8 } from "../../shared/protocol/bytes.js"
import { decodeCbor, encodeCbor, readBytes, readUint, readVersioned } from "../../shared/protocol/cbor.js"
import { ArchiveError } from "../../shared/protocol/errors.js"
import { LABELS } from "../../shared/protocol/labels.js"
import { LIMITS } from "../../shared/protocol/limits.js"
import { openRecord, sealRecord, type SealPlace } from "./committed-seal.js"

/** scrypt, RFC 7914: 128 MiB, and about half a second on a laptop. */
const COST: ScryptCost = { logN: 17, r: 8, p: 1 }
/** What a keystore file may ask of the machine that opens it. */
const MAX_COST: ScryptCost = { logN: 20, r: 16, p: 4 }
const MAX_MEMORY_BYTES = 2 ** 28
const SALT_BYTES = 32
const EMPTY = new Uint8Array(0)

interface ScryptCost {
  readonly logN: number
  readonly r: number
  readonly p: number
}

/** Seals what a device keeps, again and again, under a passphrase that was stretched once. SPEC.md §14. */
export interface KeystoreLock {
  seal(content: Uint8Array): Uint8Array
  /** Opens what this lock sealed. @throws {@link ArchiveError} `cannot-open` where another passphrase did. */
  reopen(raw: Uint8Array): Uint8Array
}

/** A lock for a new keystore; without a passphrase the file's mode is all that protects it. */
export function createKeystoreLock(passphrase: string | null, random: RandomBytes): KeystoreLock {
  if (passphrase === null)
    return {
      seal: (content) => encodeCbor([1, 0, 0, 0, EMPTY, content]),
      reopen: (raw) => openKeystore(raw, null, random).content,
    }
  const salt = random(SALT_BYTES)
  return lockOf(keystorePlace(passphrase, salt, COST), salt, COST, random)
}

/** Whether a keystore asks for a passphrase. @throws {@link ArchiveError} `malformed`. */
export function keystoreNeedsPassphrase(raw: Uint8Array): boolean {
  return readKeystore(raw).cost.logN !== 0
}

/** @throws {@link ArchiveError} `malformed`, `too-large`, `unsupported-version`; `cannot-open` for a wrong passphrase. */
export function openKeystore(
  raw: Uint8Array,
  passphrase: string | null,
  random: RandomBytes,
): { readonly content: Uint8Array; readonly lock: KeystoreLock } {
  const { cost, salt, content } = readKeystore(raw)
  if (cost.logN === 0) return { content, lock: createKeystoreLock(null, random) }
  if (passphrase === null) throw new ArchiveError("cannot-open", "this keystore needs its passphrase")
  const place = keystorePlace(passphrase, salt, cost)
  return { content: openRecord(place, content), lock: lockOf(place, salt, cost, random) }
}

function lockOf(place: SealPlace, salt: Uint8Array, cost: ScryptCost, random: RandomBytes): KeystoreLock {
  return {
    seal: (content) => encodeCbor([1, cost.logN, cost.r, cost.p, salt, sealRecord(place, content, random)]),
    reopen: (raw) => openRecord(place, readKeystore(raw).content),
  }
}

function readKeystore(raw: Uint8Array): {
  readonly cost: ScryptCost
  readonly salt: Uint8Array
  readonly content: Uint8Array
} {
  const items = readVersioned(decodeCbor(raw, LIMITS.keystoreBytes), "keystore", 6)
  const cost = {
    logN: readUint(items[1], "cost", MAX_COST.logN),
    r: readUint(items[2], "cost", MAX_COST.r),
    p: readUint(items[3], "cost", MAX_COST.p),
  }
  // RFC 7914 §2: scrypt holds 128 · N · r bytes.
  if (128 * 2 ** cost.logN * cost.r > MAX_MEMORY_BYTES)
    throw new ArchiveError("malformed", "a keystore of impossible cost")
  const open = cost.logN === 0
  if (open !== (cost.r === 0) || open !== (cost.p === 0))
    throw new ArchiveError("malformed", "a keystore of impossible cost")
  return {
    cost,
    salt: readBytes(items[4], "salt", open ? 0 : SALT_BYTES),
    content: readBytes(items[5], "content", { min: 1, max: LIMITS.keystoreBytes }),
  }
}

function keystorePlace(passphrase: string, salt: Uint8Array, cost: ScryptCost): SealPlace {
  const key = scrypt(utf8(passphrase.normalize("NFKC")), salt, { N: 2 ** cost.logN, r: cost.r, p: cost.p, dkLen: 32 })
  return { key, label: LABELS.keystore, context: encodeCbor([cost.logN, cost.r, cost.p]), aad: EMPTY }
}
