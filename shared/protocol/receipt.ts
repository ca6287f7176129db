import { equalBytes } from "./bytes.js"
import { decodeCbor, encodeCbor, readBytes, readText, readUint, readVersioned } from "./cbor.js"
import { makeEnvelope, openEnvelope, PUBLIC_KEY_BYTES, type Signer, type VerifySignature } from "./envelope.js"
import { ArchiveError } from "./errors.js"
import { HASH_BYTES, ID_BYTES, sha256 } from "./hash.js"
import { idOfHash, type InstanceId } from "./ids.js"
import { LABELS } from "./labels.js"
import { LIMITS } from "./limits.js"

/** The server's word that an asset is durably stored. SPEC.md §10. */
export interface Receipt {
  readonly instanceId: InstanceId
  readonly headerHash: Uint8Array
  readonly storedBytes: number
  readonly root: Uint8Array
  readonly day: number
}

export type ServerKeyPurpose = "receipt" | "operator"

export function keyIdOf(publicKey: Uint8Array): Uint8Array {
  return sha256(publicKey).slice(0, ID_BYTES)
}

export function instanceIdOf(instanceKey: Uint8Array): InstanceId {
  return idOfHash("instance", sha256(instanceKey))
}

export function makeReceipt(receipt: Receipt, signer: Signer): Uint8Array {
  const { instanceId, headerHash, storedBytes, root, day } = receipt
  const statement = encodeCbor([
    1,
    signer.publicKey,
    keyIdOf(signer.publicKey),
    instanceId,
    headerHash,
    storedBytes,
    root,
    day,
  ])
  return makeEnvelope(LABELS.signReceipt, signer, statement)
}

/** @throws {@link ArchiveError} `bad-signature`, `malformed`, `too-large`, `unsupported-version`. SPEC.md §10. */
export function openReceipt(raw: Uint8Array, verify: VerifySignature): Receipt & { readonly receiptKey: Uint8Array } {
  const envelope = openEnvelope(raw, LABELS.signReceipt, verify, LIMITS.receiptBytes)
  const items = readVersioned(decodeCbor(envelope.statement, LIMITS.receiptBytes), "receipt", 8)
  const receiptKey = readBytes(items[1], "receipt key", PUBLIC_KEY_BYTES)
  const keyId = readBytes(items[2], "key id", ID_BYTES)
  if (!equalBytes(receiptKey, envelope.publicKey) || !equalBytes(keyId, keyIdOf(receiptKey))) {
    throw new ArchiveError("bad-signature", "a receipt that names another key than the one that signed it")
  }
  return {
    receiptKey,
    instanceId: readBytes(items[3], "instance id", ID_BYTES) as InstanceId,
    headerHash: readBytes(items[4], "header hash", HASH_BYTES),
    storedBytes: readUint(items[5], "size"),
    root: readBytes(items[6], "root", HASH_BYTES),
    day: readUint(items[7], "day"),
  }
}

/**
 * Checks that a receipt is for these bytes and by a key that the pinned instance key certified. SPEC.md §10.
 * @throws {@link ArchiveError} `bad-receipt`.
 */
export function verifyReceipt(
  raw: Uint8Array,
  expected: {
    readonly headerHash: Uint8Array
    readonly storedBytes: number
    readonly root: Uint8Array
    readonly instanceKey: Uint8Array
  },
  serverKeys: readonly Uint8Array[],
  verify: VerifySignature,
): Receipt {
  try {
    const receipt = openReceipt(raw, verify)
    const fits =
      equalBytes(receipt.headerHash, expected.headerHash) &&
      receipt.storedBytes === expected.storedBytes &&
      equalBytes(receipt.root, expected.root) &&
      equalBytes(receipt.instanceId, instanceIdOf(expected.instanceKey))
    if (!fits) throw new ArchiveError("bad-receipt", "a receipt for something else")
    const certified = serverKeys.some((rawKey) => {
      const key = openServerKey(rawKey, verify)
      return (
        key.purpose === "receipt" &&
        equalBytes(key.instanceKey, expected.instanceKey) &&
        equalBytes(key.key, receipt.receiptKey)
      )
    })
    if (!certified) throw new ArchiveError("bad-receipt", "a receipt by a key that this instance did not certify")
    return receipt
  } catch (cause) {
    if (cause instanceof ArchiveError && cause.code === "bad-receipt") throw cause
    throw new ArchiveError("bad-receipt", "a receipt that does not verify", { cause })
  }
}

export interface ServerKey {
  readonly instanceKey: Uint8Array
  readonly purpose: ServerKeyPurpose
  readonly key: Uint8Array
  readonly day: number
}

export function makeServerKey(certificate: Omit<ServerKey, "instanceKey">, instanceSigner: Signer): Uint8Array {
  const statement = encodeCbor([1, instanceSigner.publicKey, certificate.purpose, certificate.key, certificate.day])
  return makeEnvelope(LABELS.signServerKey, instanceSigner, statement)
}

/** @throws {@link ArchiveError} `bad-signature`, `malformed`, `too-large`, `unsupported-version`. SPEC.md §10. */
export function openServerKey(raw: Uint8Array, verify: VerifySignature): ServerKey {
  const envelope = openEnvelope(raw, LABELS.signServerKey, verify, LIMITS.serverKeyBytes)
  const items = readVersioned(decodeCbor(envelope.statement, LIMITS.serverKeyBytes), "server key", 5)
  const instanceKey = readBytes(items[1], "instance key", PUBLIC_KEY_BYTES)
  if (!equalBytes(instanceKey, envelope.publicKey))
    throw new ArchiveError("bad-signature", "a server key that its instance did not sign")
  const purpose = readText(items[2], "purpose", 16)
  if (purpose !== "receipt" && purpose !== "operator")
    throw new ArchiveError("malformed", "a server key of unknown purpose")
  return { instanceKey, purpose, key: readBytes(items[3], "key", PUBLIC_KEY_BYTES), day: readUint(items[4], "day") }
}
