import { z } from "zod"
import { equalBytes, toHex } from "../../shared/protocol/bytes.js"
import { ArchiveError, isArchiveError } from "../../shared/protocol/errors.js"
import { KeyringAppendRequest, KeyringAppendResponse, KeyringResponse } from "../../shared/protocol/http.js"
import type { KeyringEntry } from "../../shared/protocol/keyring-entry.js"
import { EMPTY_KEYRING, type KeyringHead, makeKeyringRecord, openKeyringRecords } from "../crypto/keyring-record.js"
import { accountCapability, ownAccountId } from "./account.js"
import { fetchChain } from "./chains.js"
import type { Client } from "./client.js"
import type { ClientState, Contact, MeetingState } from "./state.js"

const ATTEMPTS = 5

/**
 * The whole keyring, verified from its first record on.
 * @throws {@link ArchiveError} `bad-chain`; `rollback` or `fork` where it lacks what this device saw.
 */
export async function readKeyring(
  client: Client,
): Promise<{ readonly entries: readonly KeyringEntry[]; readonly head: KeyringHead }> {
  const chain = await fetchChain(client, ownAccountId(client))
  const entries: KeyringEntry[] = []
  const hashes: Uint8Array[] = []
  let head = EMPTY_KEYRING
  for (let from: number | null = 0; from !== null;) {
    const page = await fetchPage(client, from)
    const opened = openKeyringRecords(client.state.current.secrets, chain, head, page.records)
    entries.push(...opened.entries)
    hashes.push(...opened.hashes)
    if (page.next !== null && page.next !== opened.head.seq + 1)
      throw new ArchiveError("bad-chain", "a keyring whose pages do not follow each other")
    head = opened.head
    from = page.next
  }
  const { keyring } = client.state.current
  if (keyring.count > hashes.length)
    throw new ArchiveError("rollback", "the keyring that the server gives is older than this device has seen")
  const pinned = hashes[keyring.count - 1]
  if (pinned !== undefined && !equalBytes(pinned, keyring.hash))
    throw new ArchiveError("fork", "the keyring that the server gives is another than this device has seen")
  await rememberHead(client, head)
  return { entries, head }
}

async function fetchPage(client: Client, from: number): Promise<z.output<typeof KeyringResponse>> {
  return await client.tokens.with(
    client.http,
    accountCapability(client),
    async (token, subject) =>
      await client.http.json(KeyringResponse, { path: `/v1/accounts/${subject}/keyring?from=${from}`, subject, token }),
  )
}

/** Takes up what other devices of this account learned: meetings, contacts, and chain heads that no server may show less of. */
export async function adoptKeyring(client: Client): Promise<void> {
  const { entries } = await readKeyring(client)
  const adopt = (state: ClientState): ClientState => ({
    ...state,
    meetings: [...adoptedMeetings(state, entries)],
    contacts: [...adoptedContacts(state, entries)],
    pins: [...adoptedPins(state, entries)],
  })
  const { current } = client.state
  const after = adopt(current)
  const isNews =
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
    const seen = title === null ? null : { title, epoch: null, members: null, recordings: null }
    const head = { seq: 0, hash: meetingHash }
    const known = meetings.get(toHex(meetingHash)) ?? { meetingHash, known: [], head, seen }
    if (known.known.some((held) => equalBytes(held.eventHash, eventHash))) continue
    meetings.set(toHex(meetingHash), { ...known, known: [...known.known, { eventHash, epoch, secret, adminSeed }] })
  }
  return [...meetings.values()]
}

/** All that the keyring says: the newest entry of each account. */
function adoptedContacts(state: ClientState, entries: readonly KeyringEntry[]): readonly Contact[] {
  const contacts = new Map(state.contacts.map((contact) => [toHex(contact.genesisHash), contact]))
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
    if (known === undefined || known.seq < seq) pins.set(toHex(genesisHash), { genesisHash, seq, headHash })
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
    const { entries, head } = await readKeyring(client)
    const entry = decide(entries)
    if (entry === null) return null
    const made = makeKeyringRecord(client.state.current.secrets, head, entry, {
      timeMs: client.clock.nowMs(),
      random: client.random,
    })
    const json = z.encode(KeyringAppendRequest, { record: made.rawRecord })
    try {
      await client.tokens.with(
        client.http,
        accountCapability(client),
        async (token, subject) =>
          await client.http.json(KeyringAppendResponse, {
            method: "POST",
            path: `/v1/accounts/${subject}/keyring`,
            subject,
            token,
            json,
          }),
      )
      await rememberHead(client, made.head)
      return entry
    } catch (error) {
      if (!isArchiveError(error) || error.code !== "conflict" || attempt === ATTEMPTS) throw error
    }
  }
}

async function rememberHead(client: Client, head: KeyringHead): Promise<void> {
  if (head.seq + 1 <= client.state.current.keyring.count) return
  await client.state.update((state) =>
    head.seq + 1 > state.keyring.count ? { ...state, keyring: { count: head.seq + 1, hash: head.hash } } : state,
  )
}
