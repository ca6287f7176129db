import * as z from "zod"
import { equalBytes, toHex } from "../../shared/protocol/bytes.js"
import { ArchiveError, isArchiveError } from "../../shared/protocol/errors.js"
import { bothHeads } from "../../shared/protocol/hash.js"
import {
  KeyringAppendRequest,
  KeyringAppendResponse,
  KeyringResponse,
  KeyringSnapshotRequest,
} from "../../shared/protocol/http.js"
import { type KeyringEntry, readEntry } from "../../shared/protocol/keyring-entry.js"
import type { RawEntry } from "../../shared/protocol/keyring.js"
import { LIMITS } from "../../shared/protocol/limits.js"
import { EMPTY_KEYRING, type KeyringHead, makeKeyringRecord, openKeyringRecords } from "../crypto/keyring-record.js"
import { foldEntries, namesSnapshot, openSnapshot, sealSnapshot } from "../crypto/keyring-snapshot.js"
import { accountCapability } from "./account.js"
import type { Client } from "./client.js"
import { preApprovedUntilMs, readMarksIn } from "./keyring-views.js"
import { refreshKeys } from "./links.js"
import { withReadMarks } from "./read-marks.js"
import { NOTHING_UNSEEN, type ClientState, type Contact, type MeetingState } from "./state.js"

const ATTEMPTS = 5
/** So many records are read beside a snapshot before another one is made. */
const RECORDS_PER_SNAPSHOT = 64

/** A keyring as its account knows it. */
interface ReadKeyring {
  readonly entries: readonly KeyringEntry[]
  readonly rawEntries: readonly RawEntry[]
  readonly head: KeyringHead
  /** Of every record, those that a snapshot stands for too. */
  readonly hashes: readonly Uint8Array[]
  /** How many records a reader fetches beside the snapshot. */
  readonly recordCount: number
}

/**
 * The whole keyring, verified from its first record on, or from the snapshot that stands for the first ones.
 * @throws {@link ArchiveError} `bad-chain`; `rollback` or `fork` where it lacks what this device saw.
 */
export async function readKeyring(client: Client): Promise<ReadKeyring> {
  const { count } = client.state.current.keyring
  const first = await fetchPage(client, 0)
  // After the records: what another device wrote under a newer user key opens too.
  const chain = await refreshKeys(client)
  const { secrets } = client.state.current
  const snapshot = first.snapshot === null ? null : openSnapshot(secrets, first.snapshot)
  const rawEntries = [...(snapshot?.entries ?? [])]
  const hashes = [...(snapshot?.hashes ?? [])]
  let head = snapshot?.head ?? EMPTY_KEYRING
  for (let page = first; ;) {
    const opened = openKeyringRecords(secrets, chain, head, page.records)
    if (page === first && first.snapshot !== null && !namesSnapshot(opened.entries[0], first.snapshot))
      throw new ArchiveError("bad-chain", "a keyring with a snapshot that its first record does not name")
    rawEntries.push(...opened.rawEntries)
    hashes.push(...opened.hashes)
    head = opened.head
    if (page.next === null) break
    if (page.next !== head.seq + 1)
      throw new ArchiveError("bad-chain", "a keyring whose pages do not follow each other")
    page = await fetchPage(client, page.next)
  }
  const { keyring } = client.state.current
  // Written since this was asked for, by somebody else with this state.
  if (keyring.count > hashes.length && keyring.count > count) return await readKeyring(client)
  if (keyring.count > hashes.length)
    throw new ArchiveError("rollback", "the keyring that the server gives is older than this device has seen")
  const pinned = hashes[keyring.count - 1]
  if (pinned !== undefined && !equalBytes(pinned, keyring.hash))
    throw new ArchiveError(
      "fork",
      `the keyring that the server gives is another than this device has seen: ${bothHeads(keyring.hash, pinned)}`,
    )
  await rememberHead(client, head)
  const entries = rawEntries.flatMap(({ type, body }) => readEntry(type, body) ?? [])
  return { entries, rawEntries, head, hashes, recordCount: hashes.length - (snapshot?.hashes.length ?? 0) }
}

async function fetchPage(client: Client, from: number): Promise<z.output<typeof KeyringResponse>> {
  return await client.tokens.with(
    client.http,
    accountCapability(client),
    async (token, subject) =>
      await client.http.json(KeyringResponse, { path: `/v1/accounts/${subject}/keyring?from=${from}`, subject, token }),
  )
}

/**
 * Takes up what other devices of this account learned: meetings, contacts, chain heads that no server may show less of, whether links admit without asking,
 * and what was looked at there.
 */
export async function adoptKeyring(client: Client): Promise<void> {
  const { entries } = await readKeyring(client)
  const marks = readMarksIn(entries)
  const adopt = (state: ClientState): ClientState =>
    withReadMarks(
      {
        ...state,
        meetings: [...adoptedMeetings(state, entries)],
        contacts: [...contactsIn(entries)],
        pins: [...adoptedPins(state, entries)],
        preApprovedUntilMs: preApprovedUntilMs(entries),
      },
      marks,
    )
  const { current } = client.state
  const after = adopt(current)
  const isNews =
    after.preApprovedUntilMs !== current.preApprovedUntilMs ||
    after.readMarks !== current.readMarks ||
    secretsIn(after.meetings) > secretsIn(current.meetings) ||
    JSON.stringify(after.contacts) !== JSON.stringify(current.contacts) ||
    after.pins.some((pin, index) => pin !== current.pins[index])
  if (isNews) await client.state.update(adopt)
}

function secretsIn(meetings: readonly MeetingState[]): number {
  return meetings.reduce((total, { known }) => total + known.length, 0)
}

function adoptedMeetings(state: ClientState, entries: readonly KeyringEntry[]): readonly MeetingState[] {
  const meetings = new Map(state.meetings.map((meeting) => [toHex(meeting.meetingHash), meeting]))
  for (const entry of entries) {
    if (entry.type !== "meeting") continue
    const { meetingHash, epoch, eventHash, epochSecret: secret, adminSeed, title } = entry
    const known = meetings.get(toHex(meetingHash)) ?? {
      meetingHash,
      known: [],
      head: { seq: 0, hash: meetingHash },
      seen: title === null ? null : { title, epoch: null, members: null, recordings: null },
      checkedEpochs: [],
      deletion: null,
      lookedAtSeq: null,
      unseen: { ...NOTHING_UNSEEN },
    }
    if (known.known.some((held) => equalBytes(held.eventHash, eventHash))) continue
    meetings.set(toHex(meetingHash), { ...known, known: [...known.known, { eventHash, epoch, secret, adminSeed }] })
  }
  return [...meetings.values()]
}

/** The newest entry about each account. The keyring knows them all: who is not in it was removed. */
function contactsIn(entries: readonly KeyringEntry[]): readonly Contact[] {
  const contacts = new Map<string, Contact>()
  for (const entry of entries) {
    if (entry.type !== "contact") continue
    const { genesisHash, state: how, name, handle, seq } = entry
    contacts.delete(toHex(genesisHash))
    if (how !== "removed") contacts.set(toHex(genesisHash), { genesisHash, state: how, name, handle, seq })
  }
  return [...contacts.values()]
}

function adoptedPins(state: ClientState, entries: readonly KeyringEntry[]): readonly ClientState["pins"][number][] {
  const pins = new Map(state.pins.map((pin) => [toHex(pin.genesisHash), pin]))
  for (const entry of entries) {
    if (entry.type !== "pin" && entry.type !== "contact") continue
    const { genesisHash, seq, chainHead: headHash } = entry
    const known = pins.get(toHex(genesisHash))
    if (known === undefined || known.seq < seq)
      pins.set(toHex(genesisHash), { genesisHash, seq, headHash, isVerified: false })
  }
  return [...pins.values()]
}

/** Appends by compare-and-swap; another device's record in between is read first. */
export async function appendToKeyring(client: Client, entry: KeyringEntry): Promise<void> {
  await decideInKeyring(client, () => entry)
}

/**
 * Appends what `decide` makes of everything that the keyring has at that moment, so that two devices of an account decide one after the other.
 * @returns what was appended; `null` where `decide` says that nothing is to be.
 */
export async function decideInKeyring(
  client: Client,
  decide: (entries: readonly KeyringEntry[]) => KeyringEntry | null,
): Promise<KeyringEntry | null> {
  for (let attempt = 1; ; attempt++) {
    const read = await readKeyring(client)
    const entry = decide(read.entries)
    if (entry === null) return null
    const made = makeKeyringRecord(client.state.current.secrets, read.head, entry, ambientOf(client))
    const isAppended = await post(client, "keyring", z.encode(KeyringAppendRequest, { record: made.rawRecord }))
    if (isAppended) {
      await rememberHead(client, made.head)
      if (read.recordCount >= RECORDS_PER_SNAPSHOT) await compactKeyring(client)
      return entry
    }
    if (attempt === ATTEMPTS)
      throw new ArchiveError("conflict", "other devices of this account keep writing to its keyring: try again")
  }
}

/** Puts a snapshot in the place of all records. Where another device writes meanwhile, it stays as it is, for a later call. */
export async function compactKeyring(client: Client): Promise<void> {
  const { rawEntries, hashes, head } = await readKeyring(client)
  const { secrets } = client.state.current
  const { rawSnapshot, hash } = sealSnapshot(secrets, { hashes, entries: foldEntries(rawEntries) }, client.random)
  // What can't be made smaller is kept as records.
  if (rawSnapshot.length > LIMITS.keyringSnapshotBytes) return
  const made = makeKeyringRecord(secrets, head, { type: "snapshot", hash }, ambientOf(client))
  const json = z.encode(KeyringSnapshotRequest, { snapshot: rawSnapshot, record: made.rawRecord })
  if (await post(client, "keyring/snapshots", json)) await rememberHead(client, made.head)
}

/** `false` where another device's record came first. */
async function post(client: Client, path: string, json: unknown): Promise<boolean> {
  try {
    await client.tokens.with(
      client.http,
      accountCapability(client),
      async (token, subject) =>
        await client.http.json(KeyringAppendResponse, {
          method: "POST",
          path: `/v1/accounts/${subject}/${path}`,
          subject,
          token,
          json,
        }),
    )
    return true
  } catch (error) {
    if (!isArchiveError(error) || error.code !== "conflict") throw error
    return false
  }
}

function ambientOf(client: Client): { readonly timeMs: number; readonly random: Client["random"] } {
  return { timeMs: client.clock.nowMs(), random: client.random }
}

async function rememberHead(client: Client, head: KeyringHead): Promise<void> {
  if (head.seq + 1 <= client.state.current.keyring.count) return
  await client.state.update((state) =>
    head.seq + 1 > state.keyring.count ? { ...state, keyring: { count: head.seq + 1, hash: head.hash } } : state,
  )
}
