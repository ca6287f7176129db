import { GENESIS_POSITION, makeEpochEvent, openHistory } from "../../../client/crypto/epoch-event.js"
import { adminSigner, deriveEpochKeys, type EpochKeys } from "../../../client/crypto/epoch-keys.js"
import { sealRecord } from "../../../client/crypto/committed-seal.js"
import { openEventBody } from "../../../client/crypto/log-event.js"
import { verifySignature } from "../../../client/crypto/sodium.js"
import { concatBytes, u64 } from "../../../shared/protocol/bytes.js"
import { type CborValue, decodeCbor, encodeCbor } from "../../../shared/protocol/cbor.js"
import { makeEnvelope, type Signer } from "../../../shared/protocol/envelope.js"
import { decodeEvent, makeCertificate, type MeetingEvent, verifyCertificate } from "../../../shared/protocol/event.js"
import { ZERO_HASH } from "../../../shared/protocol/hash.js"
import { LABELS } from "../../../shared/protocol/labels.js"
import { LIMITS } from "../../../shared/protocol/limits.js"
import { leafHash, merkleRoot } from "../../../shared/protocol/merkle.js"
import { readRoster, rosterValue } from "../../../shared/protocol/roster.js"
import {
  decodeBody,
  encodeBody,
  type EventBody,
  showField,
  verifyBody,
  verifyShownField,
  verifyStatementEnvelope,
} from "../../../shared/protocol/statement.js"
import { sampleAccount, SAMPLE_TIME_MS, sampleUserPublicKey } from "./accounts.js"
import {
  arrayOf,
  bytesOf,
  commonRefusals,
  edit,
  envelopeRefusals,
  flip,
  type Format,
  itemsOf,
  nativeSignerOf,
  NOTHING,
  type Refusal,
  seededBytes,
  unchanged,
  valueAt,
} from "./format.js"

const MEETING_HASH = bytesOf("meeting hash")
const ADMIN_SEED = bytesOf("admin seed")

interface SampleMeeting {
  readonly rawEvent: Uint8Array
  readonly certificate: Uint8Array
  readonly event: MeetingEvent
  readonly keys: EpochKeys
  readonly body: EventBody
  readonly signer: Signer
}

function sampleMeeting(): SampleMeeting {
  const { secrets } = sampleAccount("alice")
  const signer = nativeSignerOf(secrets.device.ed25519Seed)
  const { genesisHash } = secrets
  const made = makeEpochEvent({
    position: GENESIS_POSITION,
    epoch: 0,
    base: null,
    roster: [{ genesisHash, chainHead: genesisHash, generation: 1, role: "admin" }],
    userPublicKeyOf: sampleUserPublicKey,
    policy: "shared",
    title: "Budget – März",
    admin: { seed: ADMIN_SEED },
    adminKeyIsNew: true,
    carried: [],
    author: { genesisHash, chainHead: genesisHash, signer },
    timeMs: SAMPLE_TIME_MS,
    random: seededBytes("genesis event"),
  })
  const event = decodeEvent(made.rawEvent)
  return {
    rawEvent: made.rawEvent,
    certificate: made.certificate,
    event,
    keys: made.keys,
    body: openEventBody(event, ZERO_HASH, made.keys),
    signer,
  }
}

function event(): Format {
  const { rawEvent } = sampleMeeting()
  const box = valueAt(rawEvent, [8, 4, 0])
  return {
    name: "event",
    section: "7",
    codes: ["malformed", "too-large", "unsupported-version"],
    limitBytes: LIMITS.epochEventBytes,
    vouched: false,
    material: rawEvent,
    assemble: unchanged,
    decode: decodeEvent,
    refusals: [
      ...commonRefusals(rawEvent, rawEvent, LIMITS.epochEventBytes, unchanged),
      { name: "a meeting id of 17 bytes", code: "malformed", raw: edit(rawEvent, [1], bytesOf("meeting id", 17)) },
      { name: "an epoch above 2^32-1", code: "malformed", raw: edit(rawEvent, [4], 2 ** 32) },
      {
        name: "65 assets",
        code: "malformed",
        raw: edit(
          rawEvent,
          [6],
          Array.from({ length: 65 }, () => ZERO_HASH),
        ),
      },
      { name: "a body too short for a seal", code: "malformed", raw: edit(rawEvent, [7], bytesOf("body", 335)) },
      { name: "no boxes", code: "malformed", raw: edit(rawEvent, [8, 4], []) },
      { name: "two boxes under one tag", code: "malformed", raw: edit(rawEvent, [8, 4], [box, box]) },
      {
        name: "three boxes",
        code: "malformed",
        raw: edit(
          rawEvent,
          [8, 4],
          [1, 2, 3].map((byte) => edited(box, 0, new Uint8Array(16).fill(byte))),
        ),
      },
      {
        name: "boxes that are not sorted",
        code: "malformed",
        raw: edit(
          rawEvent,
          [8, 4],
          [2, 1].map((byte) => edited(box, 0, new Uint8Array(16).fill(byte))),
        ),
      },
      { name: "a box of 1,199 bytes", code: "malformed", raw: edit(rawEvent, [8, 4, 0, 1], bytesOf("box", 1_199)) },
      { name: "a history of another size", code: "malformed", raw: edit(rawEvent, [8, 3], bytesOf("history", 592)) },
    ],
  }
}

function edited(value: CborValue, index: number, item: CborValue): CborValue {
  return itemsOf(value).with(index, item)
}

function certificate(): Format {
  const { rawEvent, certificate: raw, event: decoded, keys } = sampleMeeting()
  const part = decoded.epochPart
  if (part === null) throw new TypeError("the sample is an epoch event")
  return {
    name: "certificate",
    section: "7",
    codes: ["malformed", "too-large", "unsupported-version", "bad-signature"],
    limitBytes: LIMITS.certificateBytes,
    vouched: true,
    material: raw,
    assemble: unchanged,
    decode: (given) => {
      verifyCertificate(given, rawEvent, part, { adminKeyIsNew: true }, verifySignature)
    },
    refusals: [
      ...commonRefusals(raw, raw, LIMITS.certificateBytes, unchanged),
      {
        name: "an access signature with one bit turned",
        code: "bad-signature",
        raw: edit(raw, [1], flip(valueAt(raw, [1]) as Uint8Array, 0)),
      },
      { name: "no admin signature where the admin key is new", code: "bad-signature", raw: edit(raw, [2], null) },
      {
        name: "signed by another admin key",
        code: "bad-signature",
        raw: makeCertificate(rawEvent, keys.access, adminSigner(bytesOf("another admin seed"))),
      },
      {
        name: "for another event",
        code: "bad-signature",
        raw: makeCertificate(flip(rawEvent, 30), keys.access, adminSigner(ADMIN_SEED)),
      },
      { name: "a signature of 63 bytes", code: "malformed", raw: edit(raw, [1], bytesOf("signature", 63)) },
    ],
  }
}

function statement(): Format {
  const { body, signer } = sampleMeeting()
  const material = valueAt(body.envelope, [2]) as Uint8Array
  const assemble = (given: Uint8Array): Uint8Array => makeEnvelope(LABELS.signStatement, signer, given)
  return {
    name: "statement",
    section: "6",
    codes: ["malformed", "too-large", "unsupported-version", "bad-signature"],
    limitBytes: LIMITS.linkBytes,
    vouched: true,
    material,
    assemble,
    decode: (given) => verifyStatementEnvelope(given, verifySignature),
    refusals: [
      ...commonRefusals(body.envelope, material, LIMITS.linkBytes, assemble),
      ...envelopeRefusals(body.envelope, [8], material, assemble),
      { name: "a prev of 31 bytes", code: "malformed", raw: assemble(edit(material, [5], bytesOf("prev", 31))) },
      { name: "a type of 65 bytes", code: "malformed", raw: assemble(edit(material, [9], "x".repeat(65))) },
    ],
  }
}

/** The root over any fields, right or wrong; zeros where they are none. */
export function rootOf(fields: CborValue): Uint8Array {
  if (!Array.isArray(fields)) return ZERO_HASH
  const leaves = (fields as readonly CborValue[]).map((field) => {
    const [name, salt, value] = Array.isArray(field) ? (field as readonly CborValue[]) : []
    return leafHash(concatBytes(salt instanceof Uint8Array ? salt : NOTHING, encodeCbor([name ?? null, value ?? null])))
  })
  return merkleRoot(leaves)
}

/** A body and its statement, the fields root and the signature made again. Material: `[statement, fields, carried]`. */
function body(): Format {
  const { body: sample, signer } = sampleMeeting()
  const statementValue = decodeCbor(valueAt(sample.envelope, [2]) as Uint8Array, LIMITS.linkBytes)
  const raw = encodeBody(sample)
  const material = encodeCbor([1, statementValue, valueAt(raw, [2]), valueAt(raw, [3])])
  const assemble = (given: Uint8Array): Uint8Array => {
    const items = arrayOf(given)
    if (items === null) return given
    const [version, rawStatement, fields, ...rest] = items
    const signed = Array.isArray(rawStatement)
      ? (rawStatement as readonly CborValue[]).map((item, index) => (index === 11 ? rootOf(fields ?? null) : item))
      : rawStatement
    return encodeCbor([
      version ?? null,
      makeEnvelope(LABELS.signStatement, signer, encodeCbor(signed ?? null)),
      fields ?? null,
      ...rest,
    ])
  }
  const fields = itemsOf(valueAt(material, [2]))
  return {
    name: "event-body",
    section: "6",
    codes: ["malformed", "too-large", "unsupported-version", "bad-signature"],
    limitBytes: LIMITS.epochEventBytes,
    vouched: false,
    material,
    assemble,
    decode: (given) => {
      const decoded = decodeBody(given)
      return { ...decoded, ...verifyBody(decoded, verifySignature) }
    },
    refusals: [
      ...commonRefusals(raw, material, LIMITS.epochEventBytes, assemble),
      { name: "a value that was not signed", code: "bad-signature", raw: edit(raw, [2, 9, 2], "Another title") },
      { name: "a salt that was not signed", code: "bad-signature", raw: edit(raw, [2, 0, 1], bytesOf("salt")) },
      { name: "a field less than was signed", code: "bad-signature", raw: edit(raw, [2], fields.slice(0, -1)) },
      {
        name: "fields that are not sorted",
        code: "malformed",
        raw: assemble(edit(material, [2], fields.toReversed())),
      },
      { name: "a field twice", code: "malformed", raw: assemble(edit(material, [2], [...fields, fields[9] ?? null])) },
      {
        name: "no nonce",
        code: "malformed",
        raw: assemble(
          edit(
            material,
            [2],
            fields.filter((field) => itemsOf(field)[0] !== "nonce"),
          ),
        ),
      },
      { name: "a salt of 31 bytes", code: "malformed", raw: assemble(edit(material, [2, 0, 1], bytesOf("salt", 31))) },
    ],
  }
}

function shownField(): Format {
  const { body: sample } = sampleMeeting()
  const raw = showField(sample, "title")
  const statementBytes = valueAt(sample.envelope, [2]) as Uint8Array
  const { signer } = sampleMeeting()
  const inEnvelope = (refusal: Refusal): Refusal => ({ ...refusal, raw: edit(raw, [0], refusal.raw) })
  const sign = (given: Uint8Array): Uint8Array => makeEnvelope(LABELS.signStatement, signer, given)
  return {
    name: "shown-field",
    section: "6",
    codes: ["malformed", "too-large", "unsupported-version", "bad-signature"],
    limitBytes: LIMITS.eventBytes,
    vouched: false,
    material: edit(raw, [0], decodeCbor(statementBytes, LIMITS.linkBytes)),
    assemble: (given) => {
      const [statementValue, ...rest] = arrayOf(given) ?? []
      return statementValue === undefined ? given : encodeCbor([sign(encodeCbor(statementValue)), ...rest])
    },
    decode: (given) => verifyShownField(given, verifySignature),
    refusals: [
      { name: "nothing", code: "malformed", raw: NOTHING },
      {
        name: "a statement of version 2",
        code: "unsupported-version",
        raw: edit(raw, [0], sign(edit(statementBytes, [0], 2))),
      },
      ...envelopeRefusals(sample.envelope, [8], statementBytes, sign).map(inEnvelope),
      { name: "another value", code: "bad-signature", raw: edit(raw, [5], "Another title") },
      { name: "another name", code: "bad-signature", raw: edit(raw, [3], "subtitle") },
      { name: "another place", code: "bad-signature", raw: edit(raw, [1], 0) },
      { name: "a place beyond the count", code: "malformed", raw: edit(raw, [1], 10) },
      { name: "no fields at all", code: "malformed", raw: edit(edit(raw, [1], 0), [2], 0) },
      {
        name: "a step of the path less",
        code: "bad-signature",
        raw: edit(raw, [6], itemsOf(valueAt(raw, [6])).slice(1)),
      },
    ],
  }
}

function roster(): Format {
  const entry = (byte: number, role: "admin" | "member") => ({
    genesisHash: new Uint8Array(32).fill(byte),
    chainHead: bytesOf(`head ${byte}`),
    generation: 1,
    role,
  })
  const encode = (...entries: readonly ReturnType<typeof entry>[]): Uint8Array => encodeCbor(rosterValue(entries))
  const raw = encode(entry(1, "member"), entry(2, "admin"), entry(3, "member"))
  return {
    name: "roster",
    section: "7.1",
    codes: ["malformed", "too-large"],
    limitBytes: LIMITS.eventBytes,
    vouched: false,
    material: raw,
    assemble: unchanged,
    decode: (given) => readRoster(decodeCbor(given, LIMITS.eventBytes)),
    refusals: [
      { name: "nobody", code: "malformed", raw: encode() },
      { name: "no admin", code: "malformed", raw: encode(entry(1, "member")) },
      { name: "not sorted", code: "malformed", raw: encode(entry(2, "admin"), entry(1, "admin")) },
      { name: "somebody twice", code: "malformed", raw: encode(entry(1, "admin"), entry(1, "member")) },
      { name: "an unknown role", code: "malformed", raw: edit(raw, [0, 3], "owner") },
      { name: "a hash of 16 bytes", code: "malformed", raw: edit(raw, [0, 0], bytesOf("hash", 16)) },
    ],
  }
}

function history(): Format {
  const keys = deriveEpochKeys(bytesOf("new epoch secret"), 4)
  const base = bytesOf("base")
  const place = {
    key: keys.secret,
    label: LABELS.history,
    context: concatBytes(MEETING_HASH, u64(4), base),
    aad: NOTHING,
  }
  const assemble = (plaintext: Uint8Array): Uint8Array => sealRecord(place, plaintext, seededBytes("salt of history"))
  const material = concatBytes(u64(3), bytesOf("base epoch secret"))
  return {
    name: "history",
    section: "7.1",
    codes: ["cannot-open", "malformed"],
    limitBytes: 336,
    vouched: true,
    material,
    assemble,
    decode: (given) => openHistory(keys, MEETING_HASH, base, given),
    refusals: [
      { name: "one bit turned", code: "cannot-open", raw: flip(assemble(material), 99) },
      { name: "one byte more", code: "malformed", raw: assemble(concatBytes(material, Uint8Array.of(0))) },
      { name: "seven bytes", code: "malformed", raw: assemble(material.slice(0, 7)) },
      {
        name: "an epoch that is no number here",
        code: "malformed",
        raw: assemble(concatBytes(new Uint8Array(8).fill(255), bytesOf("base epoch secret"))),
      },
    ],
  }
}

export function meetingFormats(): readonly Format[] {
  return [event(), certificate(), statement(), body(), shownField(), roster(), history()]
}
