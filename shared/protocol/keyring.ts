import { concatBytes, equalBytes, u64 } from "./bytes.js"
import {
  type CborValue,
  decodeCbor,
  encodeCbor,
  readArray,
  readBytes,
  readNullable,
  readText,
  readUint,
  readVersioned,
} from "./cbor.js"
import { openEnvelope, PUBLIC_KEY_BYTES, type VerifySignature } from "./envelope.js"
import { ArchiveError } from "./errors.js"
import { HASH_BYTES } from "./hash.js"
import { LABELS } from "./labels.js"
import { LIMITS } from "./limits.js"

/** What a server sees of a keyring record. SPEC.md §5.4. */
export interface KeyringRecord {
  readonly seq: number
  readonly prev: Uint8Array
  readonly generation: number
  readonly sealed: Uint8Array
}

const PIN_SOURCES = ["card", "id", "self", "invitation"] as const
export type PinSource = (typeof PIN_SOURCES)[number]

const CONTACT_STATES = ["card", "id", "verified", "handle", "removed"] as const
/** How somebody is known: by a card, by the account's id, by words that were compared, or by a handle that a server resolved. */
export type ContactState = (typeof CONTACT_STATES)[number]

/** What an account learned. SPEC.md §5.4. */
export type KeyringEntry =
  | {
      readonly type: "pin"
      readonly genesisHash: Uint8Array
      readonly seq: number
      readonly chainHead: Uint8Array
      readonly how: PinSource
    }
  | ContactEntry
  | {
      readonly type: "meeting"
      readonly meetingHash: Uint8Array
      readonly epoch: number
      readonly eventHash: Uint8Array
      readonly epochSecret: Uint8Array
      readonly adminSeed: Uint8Array | null
    }

/** Somebody, and the chain head under which they were known then. The newest entry of an account counts. SPEC.md §5.6. */
export interface ContactEntry {
  readonly type: "contact"
  readonly genesisHash: Uint8Array
  readonly seq: number
  readonly chainHead: Uint8Array
  readonly state: ContactState
  /** What the person calls them. */
  readonly name: string
  readonly handle: string | null
}

export interface KeyringStatement {
  readonly genesisHash: Uint8Array
  readonly seq: number
  readonly prev: Uint8Array
  readonly deviceKey: Uint8Array
  readonly timeMs: number
  /** `null` for a type that this version does not know: kept, and skipped. */
  readonly entry: KeyringEntry | null
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

export function encodeKeyringStatement(statement: KeyringStatement & { readonly entry: KeyringEntry }): Uint8Array {
  const { genesisHash, seq, prev, deviceKey, timeMs, entry } = statement
  return encodeCbor([1, genesisHash, seq, prev, deviceKey, timeMs, entry.type, entryBody(entry)])
}

function entryBody(entry: KeyringEntry): CborValue {
  switch (entry.type) {
    case "pin":
      return [entry.genesisHash, entry.seq, entry.chainHead, entry.how]
    case "contact":
      return [entry.genesisHash, entry.seq, entry.chainHead, entry.state, entry.name, entry.handle]
    case "meeting":
      return [entry.meetingHash, entry.epoch, entry.eventHash, entry.epochSecret, entry.adminSeed]
  }
}

/** @throws {@link ArchiveError} `malformed`, `too-large`, `unsupported-version`, `bad-signature`. SPEC.md §5.4. */
export function openKeyringEnvelope(raw: Uint8Array, verify: VerifySignature): KeyringStatement {
  const envelope = openEnvelope(raw, LABELS.signKeyring, verify, LIMITS.keyringRecordBytes)
  const items = readVersioned(decodeCbor(envelope.statement, LIMITS.keyringRecordBytes), "keyring statement", 8)
  const deviceKey = readBytes(items[4], "device key", PUBLIC_KEY_BYTES)
  if (!equalBytes(deviceKey, envelope.publicKey))
    throw new ArchiveError("bad-signature", "a record that names another key than the one that signed it")
  return {
    genesisHash: readBytes(items[1], "account", HASH_BYTES),
    seq: readUint(items[2], "seq"),
    prev: readBytes(items[3], "prev", HASH_BYTES),
    deviceKey,
    timeMs: readUint(items[5], "time"),
    entry: readEntry(readText(items[6], "type", LIMITS.fieldNameBytes), items[7]),
  }
}

function readEntry(type: string, body: CborValue | undefined): KeyringEntry | null {
  switch (type) {
    case "pin":
      return readPin(readArray(body, "pin", 4))
    case "contact":
      return readContact(readArray(body, "contact", 6))
    case "meeting":
      return readMeetingEntry(readArray(body, "meeting", 5))
    default:
      return null
  }
}

function readPin([genesisHash, seq, chainHead, rawHow]: readonly CborValue[]): KeyringEntry {
  const how = PIN_SOURCES.find((name) => name === rawHow)
  if (how === undefined) throw new ArchiveError("malformed", "a pin of unknown source")
  return { type: "pin", ...readHead(genesisHash, seq, chainHead), how }
}

function readContact([genesisHash, seq, chainHead, rawState, name, handle]: readonly CborValue[]): ContactEntry {
  const state = CONTACT_STATES.find((known) => known === rawState)
  if (state === undefined) throw new ArchiveError("malformed", "a contact of unknown state")
  return {
    type: "contact",
    ...readHead(genesisHash, seq, chainHead),
    state,
    name: readText(name, "name of a contact", LIMITS.contactNameBytes),
    handle: readNullable(handle, (value) => readText(value, "handle", LIMITS.handleBytes)),
  }
}

function readHead(
  genesisHash: CborValue | undefined,
  seq: CborValue | undefined,
  chainHead: CborValue | undefined,
): { readonly genesisHash: Uint8Array; readonly seq: number; readonly chainHead: Uint8Array } {
  return {
    genesisHash: readBytes(genesisHash, "account", HASH_BYTES),
    seq: readUint(seq, "seq"),
    chainHead: readBytes(chainHead, "chain head", HASH_BYTES),
  }
}

function readMeetingEntry([meetingHash, epoch, eventHash, epochSecret, adminSeed]: readonly CborValue[]): KeyringEntry {
  return {
    type: "meeting",
    meetingHash: readBytes(meetingHash, "meeting hash", HASH_BYTES),
    epoch: readUint(epoch, "epoch", 0xffff_ffff),
    eventHash: readBytes(eventHash, "event hash", HASH_BYTES),
    epochSecret: readBytes(epochSecret, "epoch secret", HASH_BYTES),
    adminSeed: readNullable(adminSeed, (value) => readBytes(value, "admin seed", HASH_BYTES)),
  }
}
