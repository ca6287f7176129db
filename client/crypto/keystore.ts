import { scrypt } from "@noble/hashes/scrypt.js"
import type { RandomBytes } from "../../shared/protocol/ambient.js"
import { decodeCbor, encodeCbor, readBytes, readUint, readVersioned } from "../../shared/protocol/cbor.js"
import { utf8 } from "../../shared/protocol/bytes.js"
import { ArchiveError } from "../../shared/protocol/errors.js"
import { LABELS } from "../../shared/protocol/labels.js"
import { LIMITS } from "../../shared/protocol/limits.js"
import { openRecord, sealRecord, type SealPlace } from "./committed-seal.js"

/** scrypt, RFC 7914: 128 MiB and about half a second on a laptop of 2024. */
const COST = { logN: 17, r: 8, p: 1 } as const
/** What a keystore file may ask of the machine that opens it. */
const MAX_COST = { logN: 20, r: 16, p: 4 } as const
const SALT_BYTES = 32

/** A keystore's file: `cbor([1, logN, r, p, salt, sealed])`, all zeros and the plaintext where there is no passphrase. SPEC.md §14. */
export function sealKeystore(plaintext: Uint8Array, passphrase: string | null, random: RandomBytes): Uint8Array {
  if (passphrase === null) return encodeCbor([1, 0, 0, 0, new Uint8Array(0), plaintext])
  const salt = random(SALT_BYTES)
  const sealed = sealRecord(keystorePlace(passphrase, salt, COST), plaintext, random)
  return encodeCbor([1, COST.logN, COST.r, COST.p, salt, sealed])
}

/** Whether a keystore asks for a passphrase. @throws {@link ArchiveError} `malformed`. */
export function keystoreNeedsPassphrase(raw: Uint8Array): boolean {
  return readKeystore(raw).cost.logN !== 0
}

/** @throws {@link ArchiveError} `malformed`, `too-large`, `unsupported-version`; `cannot-open` for a wrong passphrase. */
export function openKeystore(raw: Uint8Array, passphrase: string | null): Uint8Array {
  const { cost, salt, content } = readKeystore(raw)
  if (cost.logN === 0) return content
  if (passphrase === null) throw new ArchiveError("cannot-open", "this keystore needs its passphrase")
  return openRecord(keystorePlace(passphrase, salt, cost), content)
}

interface ScryptCost {
  readonly logN: number
  readonly r: number
  readonly p: number
}

function readKeystore(raw: Uint8Array): { readonly cost: ScryptCost; readonly salt: Uint8Array; readonly content: Uint8Array } {
  const items = readVersioned(decodeCbor(raw, LIMITS.keystoreBytes), "keystore", 6)
  const cost = { logN: readUint(items[1], "cost", MAX_COST.logN), r: readUint(items[2], "cost", MAX_COST.r), p: readUint(items[3], "cost", MAX_COST.p) }
  const open = cost.logN === 0
  if (open !== (cost.r === 0) || open !== (cost.p === 0)) throw new ArchiveError("malformed", "a keystore of impossible cost")
  return { cost, salt: readBytes(items[4], "salt", open ? 0 : SALT_BYTES), content: readBytes(items[5], "content", { min: 1, max: LIMITS.keystoreBytes }) }
}

function keystorePlace(passphrase: string, salt: Uint8Array, cost: ScryptCost): SealPlace {
  const key = scrypt(utf8(passphrase.normalize("NFKC")), salt, { N: 2 ** cost.logN, r: cost.r, p: cost.p, dkLen: 32 })
  return { key, label: LABELS.keystore, context: encodeCbor([cost.logN, cost.r, cost.p]), aad: new Uint8Array(0) }
}
