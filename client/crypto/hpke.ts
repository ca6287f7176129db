import { expand, extract } from "@noble/hashes/hkdf.js"
import { sha256 } from "@noble/hashes/sha2.js"
import type { RandomBytes } from "../../shared/protocol/ambient.js"
import { concatBytes, utf8 } from "../../shared/protocol/bytes.js"
import { ArchiveError } from "../../shared/protocol/errors.js"
import { chachaOpen, chachaSeal, xwingDecapsulate, xwingEncapsulate } from "./sodium.js"

/** RFC 9180 §7: KEM X-Wing 0x647a, KDF HKDF-SHA256 0x0001, AEAD ChaCha20-Poly1305 0x0003. SPEC.md §1. */
const SUITE_ID = concatBytes(utf8("HPKE"), Uint8Array.of(0x64, 0x7a, 0x00, 0x01, 0x00, 0x03))
const VERSION = utf8("HPKE-v1")
const EMPTY = new Uint8Array(0)
const ENCAPSULATED_BYTES = 1_120
const COINS_BYTES = 64
/** There is never a pre-shared key. */
const PSK_ID_HASH = labeledExtract(EMPTY, "psk_id_hash", EMPTY)

export interface HpkeMessage {
  readonly recipientPublicKey: Uint8Array
  readonly info: Uint8Array
  readonly aad?: Uint8Array
  readonly plaintext: Uint8Array
}

/** RFC 9180 base mode, single shot: `enc (1,120) ‖ ciphertext`. */
export function hpkeSeal(message: HpkeMessage, random: RandomBytes): Uint8Array {
  return hpkeSealWithCoins(message, random(COINS_BYTES))
}

/** The same with given coins (64 bytes), so that every holder of them recomputes the box. */
export function hpkeSealWithCoins(message: HpkeMessage, coins: Uint8Array): Uint8Array {
  const { ciphertext, sharedSecret } = xwingEncapsulate(message.recipientPublicKey, coins)
  const { key, nonce } = keySchedule(sharedSecret, message.info)
  return concatBytes(ciphertext, chachaSeal(key, nonce, message.aad ?? EMPTY, message.plaintext))
}

/** @throws {@link ArchiveError} `cannot-open`; every failure reads the same. */
export function hpkeOpen(seed: Uint8Array, info: Uint8Array, box: Uint8Array, aad: Uint8Array = EMPTY): Uint8Array {
  if (box.length < ENCAPSULATED_BYTES + 16) throw new ArchiveError("cannot-open", "this cannot be opened")
  const sharedSecret = xwingDecapsulate(seed, box.subarray(0, ENCAPSULATED_BYTES))
  const { key, nonce } = keySchedule(sharedSecret, info)
  const plaintext = chachaOpen(key, nonce, aad, box.subarray(ENCAPSULATED_BYTES))
  if (plaintext === null) throw new ArchiveError("cannot-open", "this cannot be opened")
  return plaintext
}

function keySchedule(
  sharedSecret: Uint8Array,
  info: Uint8Array,
): { readonly key: Uint8Array; readonly nonce: Uint8Array } {
  const context = concatBytes(Uint8Array.of(0), PSK_ID_HASH, labeledExtract(EMPTY, "info_hash", info))
  const secret = labeledExtract(sharedSecret, "secret", EMPTY)
  return { key: labeledExpand(secret, "key", context, 32), nonce: labeledExpand(secret, "base_nonce", context, 12) }
}

function labeledExtract(salt: Uint8Array, label: string, inputKey: Uint8Array): Uint8Array {
  return extract(sha256, concatBytes(VERSION, SUITE_ID, utf8(label), inputKey), salt)
}

function labeledExpand(secret: Uint8Array, label: string, info: Uint8Array, length: number): Uint8Array {
  return expand(sha256, secret, concatBytes(Uint8Array.of(0, length), VERSION, SUITE_ID, utf8(label), info), length)
}
