import { readFile } from "node:fs/promises"
import { decodeCbor, encodeCbor, readBytes, readUint, readVersioned } from "../../shared/protocol/cbor.js"
import { equalBytes } from "../../shared/protocol/bytes.js"
import {
  makeEnvelope,
  openEnvelope,
  PUBLIC_KEY_BYTES,
  type Signer,
  type VerifySignature,
} from "../../shared/protocol/envelope.js"
import { ArchiveError } from "../../shared/protocol/errors.js"
import { ID_BYTES } from "../../shared/protocol/hash.js"
import { LABELS } from "../../shared/protocol/labels.js"
import { signerOfSeed } from "../../shared/server/signatures.js"
import { SHA512_BYTES } from "./production-format.js"

/** A second operator's word on a production: where it is required, nothing is handed over that one person alone made. SPEC.md §12, G14. */

export const CONFIRMATION_FILE = "production-confirmation.cbor"
const CONFIRMATION_LIMIT_BYTES = 1_024
const SEED_BYTES = 32

export interface ConfirmationStatement {
  /** Of the case. */
  readonly scopeId: Uint8Array
  readonly tagManifestHash: Uint8Array
  readonly day: number
}

export function signConfirmation(
  { scopeId, tagManifestHash, day }: ConfirmationStatement,
  confirmer: Signer,
): Uint8Array {
  const statement = encodeCbor([1, confirmer.publicKey, scopeId, tagManifestHash, day])
  return makeEnvelope(LABELS.signConfirmation, confirmer, statement)
}

/** @throws {@link ArchiveError} `bad-signature`, `malformed`, `too-large`, `unsupported-version`. */
export function openConfirmation(
  raw: Uint8Array,
  verify: VerifySignature,
): ConfirmationStatement & { readonly confirmerKey: Uint8Array } {
  const envelope = openEnvelope(raw, LABELS.signConfirmation, verify, CONFIRMATION_LIMIT_BYTES)
  const items = readVersioned(decodeCbor(envelope.statement, CONFIRMATION_LIMIT_BYTES), "confirmation", 5)
  const confirmerKey = readBytes(items[1], "confirmer's key", PUBLIC_KEY_BYTES)
  if (!equalBytes(confirmerKey, envelope.publicKey))
    throw new ArchiveError("bad-signature", "a confirmation that another key signed")
  return {
    confirmerKey,
    scopeId: readBytes(items[2], "id of the scope", ID_BYTES),
    tagManifestHash: readBytes(items[3], "hash of the tag manifest", SHA512_BYTES),
    day: readUint(items[4], "day"),
  }
}

/** A confirmer's key from its file: 64 hexadecimal digits. @throws {@link ArchiveError} `usage`. */
export async function readConfirmerKey(path: string): Promise<Signer> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new ArchiveError("usage", `${path} can't be read`, { cause })
  })
  if (!/^[0-9a-f]{64}\n?$/.test(text)) throw new ArchiveError("usage", `${path} is no key of a confirmer`)
  return signerOfSeed(new Uint8Array(Buffer.from(text.trim(), "hex").subarray(0, SEED_BYTES)))
}
