import type { RandomBytes } from "../../shared/protocol/ambient.js"
import { equalBytes } from "../../shared/protocol/bytes.js"
import { makeEnvelope } from "../../shared/protocol/envelope.js"
import { ArchiveError } from "../../shared/protocol/errors.js"
import { sha256, ZERO_HASH } from "../../shared/protocol/hash.js"
import {
  decodeKeyringRecord,
  encodeKeyringRecord,
  encodeKeyringStatement,
  keyringAad,
  keyringContext,
  type KeyringRecord,
  openKeyringEnvelope,
  type RawEntry,
} from "../../shared/protocol/keyring.js"
import type { KeyringEntry } from "../../shared/protocol/keyring-entry.js"
import { LABELS } from "../../shared/protocol/labels.js"
import { heldGeneration, type VerifiedChain } from "../../shared/protocol/chain.js"
import { type AccountSecrets, deviceSigner, keyringKey, newestUserSeed, userSeedOf } from "./account-keys.js"
import { openRecord, sealRecord, type SealPlace } from "./committed-seal.js"
import { verifySignature } from "./sodium.js"

/** The newest record of a keyring that is known: `seq` -1 and zeros before the first. */
export interface KeyringHead {
  readonly seq: number
  readonly hash: Uint8Array
  /** No later record is sealed under an older one. */
  readonly generation: number
}

export const EMPTY_KEYRING: KeyringHead = { seq: -1, hash: ZERO_HASH, generation: 1 }

/** Signs and seals the record that follows `head`. SPEC.md §5.4. */
export function makeKeyringRecord(
  secrets: AccountSecrets,
  head: Pick<KeyringHead, "seq" | "hash">,
  entry: KeyringEntry,
  ambient: { readonly timeMs: number; readonly random: RandomBytes },
): { readonly rawRecord: Uint8Array; readonly head: KeyringHead } {
  const { generation, seed } = newestUserSeed(secrets)
  const signer = deviceSigner(secrets)
  const visible = { seq: head.seq + 1, prev: head.hash, generation }
  const statement = encodeKeyringStatement({
    genesisHash: secrets.genesisHash,
    seq: visible.seq,
    prev: visible.prev,
    deviceKey: signer.publicKey,
    timeMs: ambient.timeMs,
    entry,
  })
  const envelope = makeEnvelope(LABELS.signKeyring, signer, statement)
  const rawRecord = encodeKeyringRecord({
    ...visible,
    sealed: sealRecord(recordPlace(secrets.genesisHash, seed, visible), envelope, ambient.random),
  })
  return { rawRecord, head: { seq: visible.seq, hash: sha256(rawRecord), generation } }
}

/**
 * Verifies and opens the records that follow `head`, in order.
 * @throws {@link ArchiveError} `bad-chain`, `cannot-open`, `bad-signature`, `malformed`.
 */
export function openKeyringRecords(
  secrets: AccountSecrets,
  chain: VerifiedChain,
  head: KeyringHead,
  rawRecords: readonly Uint8Array[],
): {
  readonly entries: readonly KeyringEntry[]
  readonly rawEntries: readonly RawEntry[]
  readonly head: KeyringHead
  readonly hashes: readonly Uint8Array[]
} {
  const entries: KeyringEntry[] = []
  const rawEntries: RawEntry[] = []
  const hashes: Uint8Array[] = []
  let newest = head
  for (const rawRecord of rawRecords) {
    const record = decodeKeyringRecord(rawRecord)
    if (record.seq !== newest.seq + 1 || !equalBytes(record.prev, newest.hash) || record.generation < newest.generation)
      throw new ArchiveError("bad-chain", "a keyring whose records do not follow each other")
    const envelope = openRecord(
      recordPlace(secrets.genesisHash, userSeedOf(secrets, record.generation), record),
      record.sealed,
    )
    const statement = openKeyringEnvelope(envelope, verifySignature)
    const fits =
      equalBytes(statement.genesisHash, secrets.genesisHash) &&
      statement.seq === record.seq &&
      equalBytes(statement.prev, record.prev)
    if (!fits) throw new ArchiveError("bad-chain", "a keyring record that was signed for another place")
    if (!heldGeneration(chain, statement.deviceKey, record.generation))
      throw new ArchiveError("not-authorised", "a keyring record by a device that is not the account's")
    if (statement.entry !== null) entries.push(statement.entry)
    rawEntries.push(statement.raw)
    newest = { seq: record.seq, hash: sha256(rawRecord), generation: record.generation }
    hashes.push(newest.hash)
  }
  return { entries, rawEntries, head: newest, hashes }
}

function recordPlace(genesisHash: Uint8Array, userSeed: Uint8Array, record: Omit<KeyringRecord, "sealed">): SealPlace {
  return {
    key: keyringKey(userSeed),
    label: LABELS.keyring,
    context: keyringContext(genesisHash, record.seq),
    aad: keyringAad(record),
  }
}
