import { createHash } from "node:crypto"
import * as z from "zod"
import { encodeCbor, readBytes, readUint } from "../../shared/protocol/cbor.js"
import { makeEnvelope, type Signer, type VerifySignature } from "../../shared/protocol/envelope.js"
import { LABELS } from "../../shared/protocol/labels.js"
import { openByOperator, SHA512_BYTES } from "./production-format.js"

/** The forms of a certificate of erasure. SPEC.md §19. */

export const CERTIFICATE_FILES = {
  certificate: "certificate.json",
  page: "certificate.html",
  signature: "certificate-signature.cbor",
} as const

export interface ErasureStatement {
  readonly serverKey: Uint8Array
  /** SHA-512 of `certificate.json`. */
  readonly certificateHash: Uint8Array
  readonly day: number
}

export function signErasure({ serverKey, certificateHash, day }: ErasureStatement, operator: Signer): Uint8Array {
  const statement = encodeCbor([1, operator.publicKey, serverKey, certificateHash, day])
  return makeEnvelope(LABELS.signErasure, operator, statement)
}

/**
 * The statement, and the instance that stands behind its operator key.
 * @throws {@link ArchiveError} `bad-signature`, `malformed`, `too-large`, `unsupported-version`.
 */
export function openErasureSignature(
  raw: Uint8Array,
  verify: VerifySignature,
): ErasureStatement & { readonly operatorKey: Uint8Array; readonly instanceKey: Uint8Array } {
  const { items, ...signer } = openByOperator(raw, LABELS.signErasure, verify, 5)
  return {
    ...signer,
    certificateHash: readBytes(items[3], "hash of the certificate", SHA512_BYTES),
    day: readUint(items[4], "day"),
  }
}

const day = z.number().int()

export const certificateSchema = z.strictObject({
  version: z.literal(1),
  instance: z.string(),
  software: z.strictObject({ name: z.literal("taciturn"), version: z.string() }),
  day,
  items: z.array(
    z.strictObject({
      item: z.string(),
      state: z.enum(["kept", "marked", "removed", "unknown"]),
      /** When it goes, or was to go. */
      purgeDay: day.nullable(),
      removedDay: day.nullable(),
      /** From that day on it is in no backup either; `null` where the operator said nothing of backups, or it is not removed. */
      outOfBackupsDay: day.nullable(),
      keptBy: z.array(z.strictObject({ case: z.string(), untilDay: day, rows: z.number().int() })),
    }),
  ),
  /** For how many days backups are kept; the operator's word. */
  backupDays: z.number().int().nullable(),
})
export type Certificate = z.infer<typeof certificateSchema>

/** The bytes of `certificate.json`. */
export function textOfCertificate(certificate: Certificate): string {
  return `${JSON.stringify(certificate, null, 2)}\n`
}

/** SHA-512. */
export function hashOfCertificate(text: Uint8Array | string): Uint8Array {
  return new Uint8Array(createHash("sha512").update(text).digest())
}
