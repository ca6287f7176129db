import * as z from "zod"
import {
  type CborValue,
  decodeCbor,
  encodeCbor,
  readBytes,
  readUint,
  readVersioned,
} from "../../shared/protocol/cbor.js"
import {
  makeEnvelope,
  openEnvelope,
  PUBLIC_KEY_BYTES,
  type Signer,
  type VerifySignature,
} from "../../shared/protocol/envelope.js"
import { equalBytes } from "../../shared/protocol/bytes.js"
import { ArchiveError } from "../../shared/protocol/errors.js"
import { ID_BYTES } from "../../shared/protocol/hash.js"
import { type Label, LABELS } from "../../shared/protocol/labels.js"
import { LIMITS } from "../../shared/protocol/limits.js"
import { openServerKey } from "../../shared/protocol/receipt.js"
import type { Instance } from "../../shared/server/catalog/instance.js"
import { verifySignature } from "../../shared/server/signatures.js"

/** The forms of a production's own files. SPEC.md §12. */

export const SIGNATURE_FILE = "production-signature.cbor"
const SIGNATURE_LIMIT_BYTES = 2_048
export const SHA512_BYTES = 64

export interface ProductionStatement {
  readonly serverKey: Uint8Array
  /** Of the case, or of the one meeting that was asked for without one. */
  readonly scopeId: Uint8Array
  readonly tagManifestHash: Uint8Array
  readonly day: number
}

export function signProduction(statement: ProductionStatement, operator: Signer): Uint8Array {
  const { serverKey, scopeId, tagManifestHash, day } = statement
  return makeEnvelope(
    LABELS.signProduction,
    operator,
    encodeCbor([1, operator.publicKey, serverKey, scopeId, tagManifestHash, day]),
  )
}

/**
 * The statement, and the instance that stands behind its operator key.
 * @throws {@link ArchiveError} `bad-signature`, `malformed`, `too-large`, `unsupported-version`.
 */
export function openProductionSignature(
  raw: Uint8Array,
  verify: VerifySignature,
): ProductionStatement & { readonly operatorKey: Uint8Array; readonly instanceKey: Uint8Array } {
  const { items, ...signer } = openByOperator(raw, LABELS.signProduction, verify, 6)
  return {
    ...signer,
    scopeId: readBytes(items[3], "id of the scope", ID_BYTES),
    tagManifestHash: readBytes(items[4], "hash of the tag manifest", SHA512_BYTES),
    day: readUint(items[5], "day"),
  }
}

/** What an operator signs: `[1, operator key, server key, …]`. */
export function openByOperator(
  raw: Uint8Array,
  label: Label,
  verify: VerifySignature,
  length: number,
): {
  readonly items: readonly CborValue[]
  readonly operatorKey: Uint8Array
  readonly serverKey: Uint8Array
  readonly instanceKey: Uint8Array
} {
  const envelope = openEnvelope(raw, label, verify, SIGNATURE_LIMIT_BYTES)
  const items = readVersioned(decodeCbor(envelope.statement, SIGNATURE_LIMIT_BYTES), "operator's statement", length)
  const operatorKey = readBytes(items[1], "operator key", PUBLIC_KEY_BYTES)
  const serverKey = readBytes(items[2], "server key", { min: 1, max: LIMITS.serverKeyBytes })
  const certificate = openServerKey(serverKey, verify)
  if (
    !equalBytes(operatorKey, envelope.publicKey) ||
    certificate.purpose !== "operator" ||
    !equalBytes(certificate.key, operatorKey)
  ) {
    throw new ArchiveError("bad-signature", "signed by no operator key of its instance")
  }
  return { items, operatorKey, instanceKey: certificate.instanceKey, serverKey }
}

/** The certificate of the operator's key. @throws {@link ArchiveError} `internal`. */
export function operatorCertificate({ operatorSigner, serverKeys }: Instance): Uint8Array {
  const serverKey = serverKeys.find((raw) =>
    equalBytes(openServerKey(raw, verifySignature).key, operatorSigner.publicKey),
  )
  if (serverKey === undefined)
    throw new ArchiveError("internal", "the instance has no certificate for its operator key")
  return serverKey
}

const count = z.number().int().min(0)
const day = z.number().int()
const counts = z.record(z.string(), count)

/** What a production says of itself; `declaration.html` says the same to people. */
export const declarationSchema = z.strictObject({
  version: z.literal(3),
  /** `null` where one meeting was asked for without a case. */
  case: z
    .strictObject({
      case: z.string(),
      kind: z.string(),
      authority: z.string(),
      country: z.string(),
      reference: z.string(),
    })
    .nullable(),
  /** Accounts, meetings and assets that were asked for. */
  scope: z.array(
    z.strictObject({
      item: z.string(),
      present: z.boolean(),
      rows: count,
      assets: count,
      bytes: count,
      /** Why it is not, where it is not. */
      reason: z.string().nullable(),
    }),
  ),
  /** Days of upload that were asked for. */
  days: z.strictObject({ from: day.nullable(), to: day.nullable() }),
  /** Assets of meetings in scope that are held and not given. */
  omitted: z.array(
    z.strictObject({
      meeting: z.string(),
      asset: z.string(),
      /** SHA-256 of its header in hex, by which events name it. */
      headerHash: z.string(),
      uploadedDay: day,
      /** As its meeting counts it; `null` for one that it doesn't count. */
      storedBytes: count.nullable(),
      reason: z.string(),
    }),
  ),
  software: z.strictObject({
    name: z.literal("taciturn"),
    version: z.string(),
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
  }),
  producedDay: day,
  instance: z.string(),
  /** Envelopes of the instance's keys, base64, so that receipts can be checked offline. */
  serverKeys: z.array(z.string()),
  rows: counts,
  objects: count,
  objectBytes: count,
  withheld: z.array(z.strictObject({ what: z.string(), count, reason: z.string() })),
  /** Public keys, in hex, of those of whom one must have confirmed it; empty where nobody must. */
  confirmers: z.array(z.string()),
  /** What was asked for and is held nowhere. */
  asked: z.array(z.strictObject({ what: z.string(), reason: z.string() })),
  notHeld: z.array(z.string()),
})
export type Declaration = z.infer<typeof declarationSchema>

export const schemaFileSchema = z.record(
  z.string(),
  z.strictObject({ holdingClass: z.string(), columns: z.record(z.string(), z.string()) }),
)

/** The tables whose rows a production carries, in order: those of each meeting, of each account, of single assets. */
export const PRODUCED_TABLES = [
  "meetings",
  "meeting_events",
  "meeting_epochs",
  "messages",
  "tombstones",
  "assets",
  "chunks",
  "pieces",
  "accounts",
  "account_links",
  "account_boxes",
  "handles",
  "inbox_entries",
  "keyring_records",
  "keyring_snapshots",
] as const
export type ProducedTable = (typeof PRODUCED_TABLES)[number]

/** What no server holds, in words for the declaration. */
export const NOT_HELD: readonly string[] = [
  "keys that open any of the ciphertext: they exist on participants' devices alone",
  "titles, names of recordings, file names, captions, messages and times of capture, other than as ciphertext",
  "a list of participants: no row links an account to a meeting",
  "passwords: there are none",
]

export function recordLine(table: ProducedTable, row: object): string {
  return `${JSON.stringify({ table, row: Object.fromEntries(Object.entries(row).map(([name, value]) => [name, toJsonValue(value)])) })}\n`
}

function toJsonValue(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64")
  if (value instanceof Date) return value.toISOString()
  if (Array.isArray(value)) return value.map(toJsonValue)
  return value
}
