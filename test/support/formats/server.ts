import { verifySignature } from "../../../client/crypto/sodium.js"
import { decodeCbor, encodeCbor } from "../../../shared/protocol/cbor.js"
import { makeEnvelope, openEnvelope, type Signer } from "../../../shared/protocol/envelope.js"
import { LABELS } from "../../../shared/protocol/labels.js"
import { LIMITS } from "../../../shared/protocol/limits.js"
import {
  instanceIdOf,
  makeReceipt,
  makeServerKey,
  openReceipt,
  openServerKey,
  verifyReceipt,
} from "../../../shared/protocol/receipt.js"
import { SEGMENT_BYTES } from "../../../shared/protocol/sizes.js"
import { openConfirmation, signConfirmation } from "../../../worker/admin/confirmation.js"
import { openErasureSignature, signErasure } from "../../../worker/admin/erasure-format.js"
import { openProductionSignature, signProduction } from "../../../worker/admin/production-format.js"
import {
  bytesOf,
  commonRefusals,
  edit,
  envelopeRefusals,
  flip,
  type Format,
  longerThan,
  NOTHING,
  signerOf,
  unchanged,
  valueAt,
} from "./format.js"

// Functions, since libsodium is not ready while modules load.
const instance = (): Signer => signerOf("instance")
const receiptSigner = (): Signer => signerOf("receipt key")
const DAY = 20_700
const asset = { headerHash: bytesOf("header hash"), storedBytes: 3 * SEGMENT_BYTES, root: bytesOf("root") }

function cbor(): Format {
  const raw = encodeCbor([
    1,
    "text",
    new Uint8Array(3),
    null,
    true,
    [0, 23, 24, 255, 256, 65_536, Number.MAX_SAFE_INTEGER],
  ])
  const hex = (text: string): Uint8Array =>
    Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
  return {
    name: "cbor",
    section: "1",
    codes: ["malformed", "too-large"],
    limitBytes: 1_024,
    vouched: false,
    material: raw,
    assemble: unchanged,
    decode: (given) => decodeCbor(given, 1_024),
    refusals: [
      { name: "nothing", code: "malformed", raw: NOTHING },
      { name: "longer than allowed", code: "too-large", raw: longerThan(1_024) },
      ...(
        [
          ["trailing bytes", "830102030a"],
          ["an integer that is too long by one form", "1817"],
          ["an integer of two bytes that fits one", "190017"],
          ["an integer above 2^53-1", "1b0020000000000000"],
          ["a negative integer", "20"],
          ["a length that is too long by one form", "580100"],
          ["a length that wants more than there is", "5affffffff00"],
          ["a count that wants more than there is", "9affffffff00"],
          ["a count of 2^64-1", "9bffffffffffffffff"],
          ["an array without an end", "9f01ff"],
          ["a byte string without an end", "5f4101ff"],
          ["a text that is not UTF-8", "61ff"],
          ["a text with half of a surrogate pair", "63eda080"],
          ["a map", "a0"],
          ["a tag", "c101"],
          ["a half float", "f93c00"],
          ["a double", "fb3ff0000000000000"],
          ["not a number", "f97e00"],
          ["undefined", "f7"],
          ["an unassigned simple value", "f0"],
          ["a break alone", "ff"],
          ["seventeen arrays in each other", "81".repeat(17) + "00"],
        ] as const
      ).map(([name, text]) => ({ name, code: "malformed" as const, raw: hex(text) })),
    ],
  }
}

function envelope(): Format {
  const limitBytes = 1_024
  const assemble = (statement: Uint8Array): Uint8Array => makeEnvelope(LABELS.signReceipt, receiptSigner(), statement)
  const material = encodeCbor([1, receiptSigner().publicKey, bytesOf("any statement", 100)])
  const raw = assemble(material)
  return {
    name: "envelope",
    section: "3",
    codes: ["malformed", "too-large", "bad-signature"],
    limitBytes,
    vouched: true,
    material,
    assemble,
    decode: (given) => openEnvelope(given, LABELS.signReceipt, verifySignature, limitBytes),
    refusals: [
      { name: "nothing", code: "malformed", raw: NOTHING },
      { name: "cut short by one byte", code: "malformed", raw: raw.slice(0, -1) },
      { name: "longer than allowed", code: "too-large", raw: longerThan(limitBytes) },
      { name: "a key of 31 bytes", code: "malformed", raw: edit(raw, [0], bytesOf("key", 31)) },
      { name: "a signature of 63 bytes", code: "malformed", raw: edit(raw, [1], bytesOf("signature", 63)) },
      { name: "an empty statement", code: "malformed", raw: assemble(NOTHING) },
      { name: "a key of small order", code: "bad-signature", raw: edit(raw, [0], new Uint8Array(32)) },
      {
        name: "the same under another label",
        code: "bad-signature",
        raw: makeEnvelope(LABELS.signServerKey, receiptSigner(), material),
      },
      ...envelopeRefusals(raw, [1], material, assemble).slice(0, 3),
    ],
  }
}

function receipt(): Format {
  const raw = makeReceipt({ instanceId: instanceIdOf(instance().publicKey), ...asset, day: DAY }, receiptSigner())
  const material = valueAt(raw, [2]) as Uint8Array
  const assemble = (statement: Uint8Array): Uint8Array => makeEnvelope(LABELS.signReceipt, receiptSigner(), statement)
  return {
    name: "receipt",
    section: "10",
    codes: ["malformed", "too-large", "unsupported-version", "bad-signature"],
    limitBytes: LIMITS.receiptBytes,
    vouched: true,
    material,
    assemble,
    decode: (given) => openReceipt(given, verifySignature),
    refusals: [
      ...commonRefusals(raw, material, LIMITS.receiptBytes, assemble),
      ...envelopeRefusals(raw, [1], material, assemble),
      {
        name: "the id of another key",
        code: "bad-signature",
        raw: assemble(edit(material, [2], bytesOf("key id", 16))),
      },
      { name: "a root of 31 bytes", code: "malformed", raw: assemble(edit(material, [6], bytesOf("root", 31))) },
    ],
  }
}

function verifiedReceipt(): Format {
  const statement = { instanceId: instanceIdOf(instance().publicKey), ...asset, day: DAY }
  const raw = makeReceipt(statement, receiptSigner())
  const serverKeys = [
    makeServerKey({ purpose: "receipt", key: receiptSigner().publicKey, day: DAY }, instance()),
    makeServerKey({ purpose: "operator", key: signerOf("operator").publicKey, day: DAY }, instance()),
  ]
  const expected = { ...asset, instanceKey: instance().publicKey }
  return {
    name: "receipt-verified",
    section: "10",
    codes: ["bad-receipt"],
    limitBytes: LIMITS.receiptBytes,
    vouched: true,
    material: valueAt(raw, [2]) as Uint8Array,
    assemble: (material) => makeEnvelope(LABELS.signReceipt, receiptSigner(), material),
    decode: (given) => verifyReceipt(given, expected, serverKeys, verifySignature),
    refusals: [
      { name: "nothing", code: "bad-receipt", raw: NOTHING },
      {
        name: "a signature with one bit turned",
        code: "bad-receipt",
        raw: edit(raw, [1], flip(valueAt(raw, [1]) as Uint8Array, 0)),
      },
      {
        name: "for another asset",
        code: "bad-receipt",
        raw: makeReceipt({ ...statement, headerHash: bytesOf("another header") }, receiptSigner()),
      },
      {
        name: "for another size",
        code: "bad-receipt",
        raw: makeReceipt({ ...statement, storedBytes: 4 * SEGMENT_BYTES }, receiptSigner()),
      },
      {
        name: "for another root",
        code: "bad-receipt",
        raw: makeReceipt({ ...statement, root: bytesOf("another root") }, receiptSigner()),
      },
      {
        name: "by another instance",
        code: "bad-receipt",
        raw: makeReceipt({ ...statement, instanceId: instanceIdOf(bytesOf("another instance")) }, receiptSigner()),
      },
      { name: "by a key without a certificate", code: "bad-receipt", raw: makeReceipt(statement, signerOf("nobody")) },
      { name: "by the operator's key", code: "bad-receipt", raw: makeReceipt(statement, signerOf("operator")) },
    ],
  }
}

function serverKey(): Format {
  const raw = makeServerKey({ purpose: "receipt", key: receiptSigner().publicKey, day: DAY }, instance())
  const material = valueAt(raw, [2]) as Uint8Array
  const assemble = (statement: Uint8Array): Uint8Array => makeEnvelope(LABELS.signServerKey, instance(), statement)
  return {
    name: "server-key",
    section: "10",
    codes: ["malformed", "too-large", "unsupported-version", "bad-signature"],
    limitBytes: LIMITS.serverKeyBytes,
    vouched: true,
    material,
    assemble,
    decode: (given) => openServerKey(given, verifySignature),
    refusals: [
      ...commonRefusals(raw, material, LIMITS.serverKeyBytes, assemble),
      ...envelopeRefusals(raw, [1], material, assemble),
      { name: "an unknown purpose", code: "malformed", raw: assemble(edit(material, [2], "anything")) },
      { name: "a day that is text", code: "malformed", raw: assemble(edit(material, [4], "20700")) },
    ],
  }
}

function production(): Format {
  const operator = signerOf("operator")
  const serverKeyOf = (purpose: "receipt" | "operator"): Uint8Array =>
    makeServerKey({ purpose, key: operator.publicKey, day: DAY }, instance())
  const raw = signProduction(
    {
      serverKey: serverKeyOf("operator"),
      scopeId: bytesOf("meeting id", 16),
      tagManifestHash: bytesOf("tag manifest", 64),
      day: DAY,
    },
    operator,
  )
  const material = valueAt(raw, [2]) as Uint8Array
  const assemble = (statement: Uint8Array): Uint8Array => makeEnvelope(LABELS.signProduction, operator, statement)
  return {
    name: "production-signature",
    section: "12",
    codes: ["malformed", "too-large", "unsupported-version", "bad-signature"],
    limitBytes: 2_048,
    vouched: true,
    material,
    assemble,
    decode: (given) => openProductionSignature(given, verifySignature),
    refusals: [
      ...commonRefusals(raw, material, 2_048, assemble),
      ...envelopeRefusals(raw, [1], material, assemble),
      {
        name: "a key that is certified for receipts",
        code: "bad-signature",
        raw: assemble(edit(material, [2], serverKeyOf("receipt"))),
      },
      {
        name: "a certificate with one bit turned",
        code: "bad-signature",
        raw: assemble(edit(material, [2], flip(valueAt(material, [2]) as Uint8Array, 60))),
      },
    ],
  }
}

function erasure(): Format {
  const operator = signerOf("operator")
  const serverKeyOf = (purpose: "receipt" | "operator"): Uint8Array =>
    makeServerKey({ purpose, key: operator.publicKey, day: DAY }, instance())
  const raw = signErasure(
    { serverKey: serverKeyOf("operator"), certificateHash: bytesOf("certificate", 64), day: DAY },
    operator,
  )
  const material = valueAt(raw, [2]) as Uint8Array
  const assemble = (statement: Uint8Array): Uint8Array => makeEnvelope(LABELS.signErasure, operator, statement)
  return {
    name: "certificate-signature",
    section: "19",
    codes: ["malformed", "too-large", "unsupported-version", "bad-signature"],
    limitBytes: 2_048,
    vouched: true,
    material,
    assemble,
    decode: (given) => openErasureSignature(given, verifySignature),
    refusals: [
      ...commonRefusals(raw, material, 2_048, assemble),
      ...envelopeRefusals(raw, [1], material, assemble),
      {
        name: "a key that is certified for receipts",
        code: "bad-signature",
        raw: assemble(edit(material, [2], serverKeyOf("receipt"))),
      },
      {
        name: "a signature of a production",
        code: "bad-signature",
        raw: makeEnvelope(LABELS.signProduction, operator, material),
      },
    ],
  }
}

function confirmation(): Format {
  const confirmer = signerOf("confirmer")
  const raw = signConfirmation(
    { scopeId: bytesOf("case id", 16), tagManifestHash: bytesOf("tag manifest", 64), day: DAY },
    confirmer,
  )
  const material = valueAt(raw, [2]) as Uint8Array
  const assemble = (statement: Uint8Array): Uint8Array => makeEnvelope(LABELS.signConfirmation, confirmer, statement)
  return {
    name: "production-confirmation",
    section: "12",
    codes: ["malformed", "too-large", "unsupported-version", "bad-signature"],
    limitBytes: 1_024,
    vouched: true,
    material,
    assemble,
    decode: (given) => openConfirmation(given, verifySignature),
    refusals: [...commonRefusals(raw, material, 1_024, assemble), ...envelopeRefusals(raw, [1], material, assemble)],
  }
}

export function serverFormats(): readonly Format[] {
  return [cbor(), envelope(), receipt(), verifiedReceipt(), serverKey(), production(), confirmation(), erasure()]
}
