import type { RandomBytes } from "../../shared/protocol/ambient.js"
import { concatBytes, equalBytes, lengthPrefixed, utf8 } from "../../shared/protocol/bytes.js"
import { ArchiveError } from "../../shared/protocol/errors.js"
import type { Label } from "../../shared/protocol/labels.js"
import { padRecord, unpadRecord } from "../../shared/protocol/padding.js"
import { blake2b, chachaOpen, chachaSeal } from "./sodium.js"

const SALT_BYTES = 32
const COMMITMENT_BYTES = 32
const NONCE = new Uint8Array(12)
const SMALLEST_BYTES = SALT_BYTES + COMMITMENT_BYTES + 256 + 16

export interface SealPlace {
  readonly key: Uint8Array
  readonly label: Label
  /** What both sides know beside the key; every variable part length-prefixed by the caller. */
  readonly context: Uint8Array
  /** All visible fields that the sender set. */
  readonly aad: Uint8Array
}

/** The committed seal: `salt ‖ commitment ‖ ciphertext`, padded to steps of 256 bytes. SPEC.md §2. */
export function sealRecord(place: SealPlace, plaintext: Uint8Array, random: RandomBytes): Uint8Array {
  const salt = random(SALT_BYTES)
  const { commitment, recordKey } = deriveRecord(recordSecretOf(place, salt), place, salt)
  return concatBytes(salt, commitment, chachaSeal(recordKey, NONCE, place.aad, padRecord(plaintext)))
}

/** @throws {@link ArchiveError} `cannot-open`; every failure reads the same. */
export function openRecord(place: SealPlace, sealed: Uint8Array): Uint8Array {
  const salt = sealed.subarray(0, SALT_BYTES)
  return openWithRecordSecret(recordSecretOf(place, salt), place, sealed)
}

/** The secret that opens this one record and no other: what an opening reveals. */
export function recordSecretOf(place: Pick<SealPlace, "key" | "label" | "context">, salt: Uint8Array): Uint8Array {
  return blake2b(32, place.key, derivationInput(place, salt))
}

/** Opens by the record secret alone. @throws {@link ArchiveError} `cannot-open`. */
export function openWithRecordSecret(
  recordSecret: Uint8Array,
  place: Omit<SealPlace, "key">,
  sealed: Uint8Array,
): Uint8Array {
  if (sealed.length < SMALLEST_BYTES || (sealed.length - SMALLEST_BYTES) % 256 !== 0) throw cannotOpen()
  const { commitment, recordKey } = deriveRecord(recordSecret, place, sealed.subarray(0, SALT_BYTES))
  if (!equalBytes(commitment, sealed.subarray(SALT_BYTES, SALT_BYTES + COMMITMENT_BYTES))) throw cannotOpen()
  const padded = chachaOpen(recordKey, NONCE, place.aad, sealed.subarray(SALT_BYTES + COMMITMENT_BYTES))
  const plaintext = padded === null ? null : unpadRecord(padded)
  if (plaintext === null) throw cannotOpen()
  return plaintext
}

function deriveRecord(
  recordSecret: Uint8Array,
  place: Pick<SealPlace, "label" | "context">,
  salt: Uint8Array,
): { readonly commitment: Uint8Array; readonly recordKey: Uint8Array } {
  const derived = blake2b(64, recordSecret, derivationInput(place, salt))
  return { commitment: derived.subarray(0, COMMITMENT_BYTES), recordKey: derived.subarray(COMMITMENT_BYTES) }
}

function derivationInput(place: Pick<SealPlace, "label" | "context">, salt: Uint8Array): Uint8Array {
  return concatBytes(lengthPrefixed(utf8(place.label)), lengthPrefixed(place.context), salt)
}

function cannotOpen(): ArchiveError {
  return new ArchiveError("cannot-open", "this cannot be opened")
}
