import { concatBytes, equalBytes, utf8 } from "./bytes.js"
import {
  assertAscending,
  type CborValue,
  decodeCbor,
  encodeCbor,
  readArray,
  readBytes,
  readText,
  readUint,
  readVersioned,
} from "./cbor.js"
import { openEnvelope, PUBLIC_KEY_BYTES, type VerifySignature } from "./envelope.js"
import { ArchiveError } from "./errors.js"
import { HASH_BYTES, sha256 } from "./hash.js"
import { LABELS } from "./labels.js"
import { LIMITS } from "./limits.js"
import { auditPath, leafHash, merkleRoot, rootFromPath } from "./merkle.js"

/** What a signature in a meeting covers. SPEC.md §6. */
export interface Statement {
  readonly meetingHash: Uint8Array
  readonly epoch: number
  readonly epochCommitment: Uint8Array
  readonly seq: number
  readonly prev: Uint8Array
  readonly authorGenesisHash: Uint8Array
  readonly authorChainHead: Uint8Array
  readonly deviceKey: Uint8Array
  readonly type: string
  readonly timeMs: number
  readonly fieldsRoot: Uint8Array
  readonly newestLogHash: Uint8Array
}

export interface Field {
  readonly name: string
  readonly salt: Uint8Array
  readonly value: CborValue
}

/** The opened body of an event. */
export interface EventBody {
  readonly envelope: Uint8Array
  readonly fields: readonly Field[]
  readonly carried: readonly Uint8Array[]
}

export function encodeStatement(s: Statement): Uint8Array {
  return encodeCbor([
    1,
    s.meetingHash,
    s.epoch,
    s.epochCommitment,
    s.seq,
    s.prev,
    s.authorGenesisHash,
    s.authorChainHead,
    s.deviceKey,
    s.type,
    s.timeMs,
    s.fieldsRoot,
    s.newestLogHash,
  ])
}

/** @throws {@link ArchiveError} `malformed`, `too-large`, `unsupported-version`. SPEC.md §6. */
export function decodeStatement(raw: Uint8Array): Statement {
  const items = readVersioned(decodeCbor(raw, LIMITS.linkBytes), "statement", 13)
  const hash = (index: number, what: string): Uint8Array => readBytes(items[index], what, HASH_BYTES)
  return {
    meetingHash: hash(1, "meeting hash"),
    epoch: readUint(items[2], "epoch"),
    epochCommitment: hash(3, "epoch commitment"),
    seq: readUint(items[4], "seq"),
    prev: hash(5, "prev"),
    authorGenesisHash: hash(6, "author"),
    authorChainHead: hash(7, "author's chain head"),
    deviceKey: readBytes(items[8], "device key", PUBLIC_KEY_BYTES),
    type: readText(items[9], "type", LIMITS.fieldNameBytes),
    timeMs: readUint(items[10], "time"),
    fieldsRoot: hash(11, "fields root"),
    newestLogHash: hash(12, "newest log hash"),
  }
}

function fieldLeaf(field: Field): Uint8Array {
  return leafHash(concatBytes(field.salt, encodeCbor([field.name, field.value])))
}

/** The root over fields that are sorted by name. SPEC.md §6. */
export function fieldsRoot(fields: readonly Field[]): Uint8Array {
  return merkleRoot(fields.map(fieldLeaf))
}

export function encodeBody(body: EventBody): Uint8Array {
  return encodeCbor([1, body.envelope, fieldsValue(body.fields), body.carried])
}

/** Fields as a body holds them. */
export function fieldsValue(fields: readonly Field[]): CborValue {
  return fields.map(({ name, salt, value }) => [name, salt, value])
}

/** @throws {@link ArchiveError} `malformed` (also for unsorted, repeated or missing fields), `too-large`, `unsupported-version`. SPEC.md §6. */
export function decodeBody(raw: Uint8Array): EventBody {
  const [, rawEnvelope, rawFields, rawCarried] = readVersioned(
    decodeCbor(raw, LIMITS.epochEventBytes),
    "body of an event",
    4,
  )
  return {
    envelope: readBytes(rawEnvelope, "envelope", { min: 1, max: LIMITS.linkBytes }),
    fields: readFields(rawFields),
    carried: readArray(rawCarried, "carried statements").map((item) =>
      readBytes(item, "carried statement", { min: 1, max: LIMITS.eventBytes }),
    ),
  }
}

/** @throws {@link ArchiveError} `malformed` for unsorted, repeated or too many fields, or without a `nonce`. F1. */
export function readFields(raw: CborValue | undefined): readonly Field[] {
  const items = readArray(raw, "fields")
  if (items.length > LIMITS.fields) throw new ArchiveError("malformed", "more fields than allowed")
  const fields = items.map(readField)
  assertAscending(
    fields.map((field) => utf8(field.name)),
    "fields",
  )
  fieldBytes(fields, "nonce", HASH_BYTES)
  return fields
}

function readField(raw: CborValue | undefined): Field {
  const [name, salt, value] = readArray(raw, "field", 3)
  if (value === undefined) throw new ArchiveError("malformed", "a field without a value")
  return {
    name: readText(name, "name of a field", LIMITS.fieldNameBytes),
    salt: readBytes(salt, "salt of a field", HASH_BYTES),
    value,
  }
}

/** `null` where there is no such field: for those that a type may have. */
export function optionalField<T>(fields: readonly Field[], name: string, read: (value: CborValue) => T): T | null {
  const field = fields.find((candidate) => candidate.name === name)
  return field === undefined ? null : read(field.value)
}

/** @throws {@link ArchiveError} `malformed` if there is no such field. */
export function fieldValue(fields: readonly Field[], name: string): CborValue {
  const field = fields.find((candidate) => candidate.name === name)
  if (field === undefined) throw new ArchiveError("malformed", `no field ${name}`)
  return field.value
}

export function fieldBytes(
  fields: readonly Field[],
  name: string,
  length: number | { readonly min: number; readonly max: number },
): Uint8Array {
  return readBytes(fieldValue(fields, name), `field ${name}`, length)
}

/**
 * The signed statement of a body, with its fields checked against it.
 * @throws {@link ArchiveError} `bad-signature` (also for other fields than were signed), `malformed`, `unsupported-version`. SPEC.md §6.
 */
export function verifyBody(
  body: EventBody,
  verify: VerifySignature,
): { readonly statement: Statement; readonly statementHash: Uint8Array } {
  const verified = verifyStatementEnvelope(body.envelope, verify)
  if (!equalBytes(verified.statement.fieldsRoot, fieldsRoot(body.fields))) {
    throw new ArchiveError("bad-signature", "fields that are not those that were signed")
  }
  return verified
}

/** @throws {@link ArchiveError} `bad-signature`, `malformed`, `too-large`, `unsupported-version`. SPEC.md §3, §6. */
export function verifyStatementEnvelope(
  raw: Uint8Array,
  verify: VerifySignature,
): { readonly statement: Statement; readonly statementHash: Uint8Array } {
  const envelope = openEnvelope(raw, LABELS.signStatement, verify, LIMITS.linkBytes)
  const statement = decodeStatement(envelope.statement)
  if (!equalBytes(statement.deviceKey, envelope.publicKey)) {
    throw new ArchiveError("bad-signature", "a statement that names another key than the one that signed it")
  }
  return { statement, statementHash: sha256(envelope.statement) }
}

/** Shows one field of a body, and proves it. */
export function showField(body: Pick<EventBody, "envelope" | "fields">, name: string): Uint8Array {
  const index = body.fields.findIndex((field) => field.name === name)
  const field = body.fields[index]
  if (field === undefined) throw new ArchiveError("malformed", `no field ${name}`)
  const path = auditPath(body.fields.map(fieldLeaf), index)
  return encodeCbor([body.envelope, index, body.fields.length, field.name, field.salt, field.value, path])
}

/** @throws {@link ArchiveError} `malformed`, `too-large`, `unsupported-version`, `bad-signature` (also where the field is not the statement's). SPEC.md §6. */
export function verifyShownField(
  raw: Uint8Array,
  verify: VerifySignature,
): { readonly statement: Statement; readonly statementHash: Uint8Array; readonly field: Field } {
  return verifyShown(raw, (envelope) => verifyStatementEnvelope(envelope, verify))
}

/** A shown field of any statement. @throws as {@link verifyShownField}. */
export function verifyShown<Verified extends { readonly statement: { readonly fieldsRoot: Uint8Array } }>(
  raw: Uint8Array,
  verifyEnvelope: (rawEnvelope: Uint8Array) => Verified,
): Verified & { readonly field: Field } {
  const items = readArray(decodeCbor(raw, LIMITS.eventBytes), "shown field", 7)
  const verified = verifyEnvelope(readBytes(items[0], "envelope", { min: 1, max: LIMITS.linkBytes }))
  const count = readUint(items[2], "count", LIMITS.fields)
  const index = readUint(items[1], "index", count - 1)
  const field = readField(items.slice(3, 6))
  const path = readArray(items[6], "path").map((step) => readBytes(step, "step of a path", HASH_BYTES))
  let root: Uint8Array
  try {
    root = rootFromPath(fieldLeaf(field), index, count, path)
  } catch (cause) {
    throw new ArchiveError("bad-signature", "a shown field with a path of another shape", { cause })
  }
  if (!equalBytes(root, verified.statement.fieldsRoot))
    throw new ArchiveError("bad-signature", "a shown field that was not signed")
  return { ...verified, field }
}
