import type { RandomBytes } from "../../shared/protocol/ambient.js"
import { concatBytes, equalBytes, toHex, u64 } from "../../shared/protocol/bytes.js"
import {
  type CborValue,
  decodeCbor,
  encodeCbor,
  readArray,
  readBytes,
  readText,
  readUint,
  readVersioned,
} from "../../shared/protocol/cbor.js"
import { ArchiveError } from "../../shared/protocol/errors.js"
import { HASH_BYTES, sha256, ZERO_HASH } from "../../shared/protocol/hash.js"
import { entryBody, type KeyringEntry, readEntry } from "../../shared/protocol/keyring-entry.js"
import type { RawEntry } from "../../shared/protocol/keyring.js"
import { LABELS } from "../../shared/protocol/labels.js"
import { LIMITS } from "../../shared/protocol/limits.js"
import { furthestMarks, inRecords, type ReadMark } from "../../shared/protocol/read-marks.js"
import { type AccountSecrets, keyringKey, newestUserSeed, userSeedOf } from "./account-keys.js"
import { openRecord, sealRecord, type SealPlace } from "./committed-seal.js"
import type { KeyringHead } from "./keyring-record.js"

/** What a keyring's records come to, so that they need not all be kept and fetched. SPEC.md §5.4. */

export interface KeyringSnapshot {
  /** Hashes of the records that it stands for, the first first. */
  readonly hashes: readonly Uint8Array[]
  readonly entries: readonly RawEntry[]
}

/** Seals a snapshot under the newest user key. @returns it, and the hash by which a record names it. */
export function sealSnapshot(
  secrets: AccountSecrets,
  { hashes, entries }: KeyringSnapshot,
  random: RandomBytes,
): { readonly rawSnapshot: Uint8Array; readonly hash: Uint8Array } {
  const { generation, seed } = newestUserSeed(secrets)
  const plaintext = encodeCbor([
    1,
    hashes.length,
    concatBytes(...hashes),
    entries.map(({ type, body }): CborValue => [type, body]),
  ])
  const place = placeOf(secrets.genesisHash, seed, generation, hashes.length)
  const rawSnapshot = encodeCbor([1, generation, hashes.length, sealRecord(place, plaintext, random)])
  return { rawSnapshot, hash: sha256(rawSnapshot) }
}

/**
 * Opens a snapshot; that the record behind it names it is for the caller to see.
 * @returns it, and the head that the next record continues.
 * @throws {@link ArchiveError} `malformed`, `too-large`, `unsupported-version`, `cannot-open`.
 */
export function openSnapshot(
  secrets: AccountSecrets,
  rawSnapshot: Uint8Array,
): KeyringSnapshot & { readonly head: KeyringHead } {
  const [, rawGeneration, rawCount, rawSealed] = readVersioned(
    decodeCbor(rawSnapshot, LIMITS.keyringSnapshotBytes),
    "keyring snapshot",
    4,
  )
  const [generation, count] = [readUint(rawGeneration, "generation"), readUint(rawCount, "records")]
  const sealed = readBytes(rawSealed, "sealed snapshot", { min: 336, max: LIMITS.keyringSnapshotBytes })
  const place = placeOf(secrets.genesisHash, userSeedOf(secrets, generation), generation, count)
  const [, sealedCount, rawHashes, rawEntries] = readVersioned(
    decodeCbor(openRecord(place, sealed), LIMITS.keyringSnapshotBytes),
    "keyring snapshot",
    4,
  )
  const joined = readBytes(rawHashes, "hashes of records", count * HASH_BYTES)
  if (sealedCount !== count) throw new ArchiveError("malformed", "a snapshot of another number of records")
  const hashes = Array.from({ length: count }, (_, index) => joined.slice(index * HASH_BYTES, (index + 1) * HASH_BYTES))
  const entries = readArray(rawEntries, "entries").map((item): RawEntry => {
    const [type, body] = readArray(item, "entry", 2)
    return { type: readText(type, "type", LIMITS.fieldNameBytes), body: body ?? null }
  })
  return { hashes, entries, head: { seq: count - 1, hash: hashes.at(-1) ?? ZERO_HASH, generation } }
}

/** Without what a later entry replaces. Entries of unknown types all stay. @throws {@link ArchiveError} `malformed`. */
export function foldEntries(entries: readonly RawEntry[]): readonly RawEntry[] {
  const folded = new Map<string, RawEntry>()
  const marks: ReadMark[] = []
  for (const [index, raw] of entries.entries()) {
    const entry = readEntry(raw.type, raw.body)
    if (entry?.type === "read-marks") marks.push(...entry.marks)
    const key = entry === null ? `unknown ${index}` : keyOf(entry, index)
    if (key === null) continue
    const before = folded.get(key)
    // Moved to its place in time: the newest word counts, and its order among others.
    folded.delete(key)
    folded.set(key, entry?.type === "pin" && before !== undefined && seqOf(before) > entry.seq ? before : raw)
  }
  const marked = inRecords(furthestMarks(marks)).map((together): RawEntry => ({
    type: "read-marks",
    body: entryBody({ type: "read-marks", marks: together }),
  }))
  return [...folded.values(), ...marked]
}

/** Entries of one key replace each other; `null` for what says nothing any more, or is put together with others. */
function keyOf(entry: KeyringEntry, index: number): string | null {
  switch (entry.type) {
    case "pin":
      return `pin ${toHex(entry.genesisHash)}`
    case "contact":
      return `contact ${toHex(entry.genesisHash)}`
    case "meeting":
      return `meeting ${toHex(entry.meetingHash)} ${toHex(entry.eventHash)}`
    case "block":
      return `block ${entry.kind} ${toHex(entry.hash)}`
    case "invite-link":
      return `invite-link ${toHex(entry.secret)}`
    case "invite-link-end":
      return `invite-link-end ${toHex(entry.linkId)}`
    case "invite-link-use":
      return `invite-link-use ${toHex(entry.linkId)} ${toHex(entry.genesisHash)}`
    case "declined":
      return `declined ${index}`
    case "snapshot":
    case "read-marks":
      return null
  }
}

function seqOf({ type, body }: RawEntry): number {
  const entry = readEntry(type, body)
  return entry?.type === "pin" ? entry.seq : -1
}

function placeOf(genesisHash: Uint8Array, userSeed: Uint8Array, generation: number, count: number): SealPlace {
  return {
    key: keyringKey(userSeed),
    label: LABELS.keyringSnapshot,
    context: concatBytes(genesisHash, u64(count)),
    aad: encodeCbor([1, generation, count]),
  }
}

/** Whether a record's entry names this snapshot. */
export function namesSnapshot(entry: KeyringEntry | undefined, rawSnapshot: Uint8Array): boolean {
  return entry?.type === "snapshot" && equalBytes(entry.hash, sha256(rawSnapshot))
}
