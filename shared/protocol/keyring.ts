import { concatBytes, equalBytes, u64 } from "./bytes.js"
import { type CborValue, decodeCbor, encodeCbor, readBytes, readText, readUint, readVersioned } from "./cbor.js"
import { openEnvelope, PUBLIC_KEY_BYTES, type VerifySignature } from "./envelope.js"
import { ArchiveError } from "./errors.js"
import { HASH_BYTES } from "./hash.js"
import { entryBody, type KeyringEntry, readEntry } from "./keyring-entry.js"
import { LABELS } from "./labels.js"
import { LIMITS } from "./limits.js"

/** What a server sees of a keyring record. SPEC.md §5.4. */
export interface KeyringRecord {
  readonly seq: number
  readonly prev: Uint8Array
  readonly generation: number
  readonly sealed: Uint8Array
}

/** An entry as it was signed, so that one of a type that this version does not know is kept too. */
export interface RawEntry {
  readonly type: string
  readonly body: CborValue
}

export interface KeyringStatement {
  readonly genesisHash: Uint8Array
  readonly seq: number
  readonly prev: Uint8Array
  readonly deviceKey: Uint8Array
  readonly timeMs: number
  /** `null` for a type that this version does not know: kept, and skipped. */
  readonly entry: KeyringEntry | null
  readonly raw: RawEntry
}

export function encodeKeyringRecord(record: KeyringRecord): Uint8Array {
  return encodeCbor([1, record.seq, record.prev, record.generation, record.sealed])
}

/** @throws {@link ArchiveError} `malformed`, `too-large`, `unsupported-version`. SPEC.md §5.4. */
export function decodeKeyringRecord(raw: Uint8Array): KeyringRecord {
  const [, seq, prev, generation, sealed] = readVersioned(
    decodeCbor(raw, LIMITS.keyringRecordBytes),
    "keyring record",
    5,
  )
  return {
    seq: readUint(seq, "seq"),
    prev: readBytes(prev, "prev", HASH_BYTES),
    generation: readUint(generation, "generation"),
    sealed: readBytes(sealed, "sealed record", { min: 336, max: LIMITS.keyringRecordBytes }),
  }
}

export function keyringContext(genesisHash: Uint8Array, seq: number): Uint8Array {
  return concatBytes(genesisHash, u64(seq))
}

export function keyringAad(record: Omit<KeyringRecord, "sealed">): Uint8Array {
  return encodeCbor([1, record.seq, record.prev, record.generation])
}

export function encodeKeyringStatement(
  statement: Omit<KeyringStatement, "raw"> & { readonly entry: KeyringEntry },
): Uint8Array {
  const { genesisHash, seq, prev, deviceKey, timeMs, entry } = statement
  return encodeCbor([1, genesisHash, seq, prev, deviceKey, timeMs, entry.type, entryBody(entry)])
}

/** @throws {@link ArchiveError} `malformed`, `too-large`, `unsupported-version`, `bad-signature`. SPEC.md §5.4. */
export function openKeyringEnvelope(rawEnvelope: Uint8Array, verify: VerifySignature): KeyringStatement {
  const envelope = openEnvelope(rawEnvelope, LABELS.signKeyring, verify, LIMITS.keyringRecordBytes)
  const items = readVersioned(decodeCbor(envelope.statement, LIMITS.keyringRecordBytes), "keyring statement", 8)
  const deviceKey = readBytes(items[4], "device key", PUBLIC_KEY_BYTES)
  if (!equalBytes(deviceKey, envelope.publicKey))
    throw new ArchiveError("bad-signature", "a record that names another key than the one that signed it")
  const raw = { type: readText(items[6], "type", LIMITS.fieldNameBytes), body: items[7] ?? null }
  return {
    genesisHash: readBytes(items[1], "account", HASH_BYTES),
    seq: readUint(items[2], "seq"),
    prev: readBytes(items[3], "prev", HASH_BYTES),
    deviceKey,
    timeMs: readUint(items[5], "time"),
    entry: readEntry(raw.type, raw.body),
    raw,
  }
}
