import { mkdtemp } from "node:fs/promises"
import path from "node:path"
import { expect } from "chai"
import {
  acceptInvitation,
  addMember,
  createMeeting,
  isArchiveError,
  listInvitations,
  type MeetingId,
  openJournalFolder,
  readMeeting,
  uploadRecording,
  type UploadedRecording,
  whoAmI,
} from "../../client/sdk/index.js"
import { equalBytes } from "../../shared/protocol/bytes.js"
import { encodeEvent, eventAad, eventContext, type MeetingEvent } from "../../shared/protocol/event.js"
import { idOfHash } from "../../shared/protocol/ids.js"
import { LABELS } from "../../shared/protocol/labels.js"
import { type NoteContent, noteValues } from "../../shared/protocol/notes.js"
import { encodeBody, type EventBody } from "../../shared/protocol/statement.js"
import { sealRecord } from "../../client/crypto/committed-seal.js"
import { makeEvent } from "../../client/crypto/log-event.js"
import type { MeetingLog } from "../../client/crypto/meeting-log.js"
import { fetchChainOf } from "../../client/sdk/chains.js"
import { selfAsAuthor } from "../../client/sdk/client.js"
import { appendEvent } from "../../client/sdk/meetings.js"
import { openFolderStore } from "../../shared/server/objects/folder.js"
import { assetPrefix } from "../../shared/server/assets/layout.js"
import { type Lie, type Liar, startLiar } from "../support/liar.js"
import { random } from "../support/people.js"
import { temporaryFolder } from "../support/programs.js"
import { type Service, startClient, startService, type TestClient } from "../support/sdk/clients.js"
import { bytesSource } from "../support/sdk/sources.js"

/** A real server, a liar in front of it, and two people who know it by the liar's address, with a meeting in common. */
export interface Scene {
  readonly liar: Liar
  readonly service: Service
  readonly alice: TestClient
  readonly bob: TestClient
  readonly meetingId: MeetingId
  newClient(deviceName: string): Promise<TestClient>
  upload(bytes: Uint8Array, by?: TestClient, meetingId?: MeetingId): Promise<UploadedRecording>
  /** What the server stores of an asset. */
  storedStream(assetId: Uint8Array): Promise<Buffer>
  close(): Promise<void>
}

export async function openScene(): Promise<Scene> {
  const { path: folder, remove } = await temporaryFolder()
  const liar = await startLiar()
  const service = await startService({ PUBLIC_URLS: liar.url })
  liar.target = service.url
  const clients: TestClient[] = []
  const newClient = async (deviceName: string): Promise<TestClient> => {
    const client = await startClient({ url: liar.url, folder }, deviceName)
    clients.push(client)
    return client
  }
  const alice = await newClient("Alice's laptop")
  const bob = await newClient("Bob's phone")
  const meetingId = await createMeeting(alice.client, "Lies")
  await admit(alice, bob, meetingId)
  const objects = await openFolderStore(path.join(service.folder, "data", "objects"))
  return {
    liar,
    service,
    alice,
    bob,
    meetingId,
    newClient,
    upload: async (bytes, by = alice, into = meetingId) =>
      await uploadRecording(by.client, into, await openJournalFolder(await mkdtemp(path.join(by.home, "journal-"))), {
        details: { title: "R", fileName: null, capturedAtMs: null, durationMs: null, prepared: "as-is" },
        assets: [{ role: "media", mediaType: "video/mp4", source: bytesSource(bytes) }],
      }),
    storedStream: async (assetId) => {
      const chunks = new Map<number, string>()
      for await (const { key } of objects.list(assetPrefix(assetId))) {
        const [, , n = ""] = key.split("/")
        if (/^[0-9]+$/.test(n)) chunks.set(Number(n), key)
      }
      const parts: Uint8Array[] = []
      for (let n = 0; n < chunks.size; n++)
        for await (const part of await objects.get(chunks.get(n) ?? "")) parts.push(part)
      return Buffer.concat(parts)
    },
    close: async () => {
      for (const client of clients) await client.close()
      await liar.stop()
      await objects.close()
      await service.stop()
      await remove()
    },
  }
}

/** `admin` adds `person`, who joins. */
export async function admit(admin: TestClient, person: TestClient, meetingId: MeetingId): Promise<void> {
  await addMember(admin.client, meetingId, whoAmI(person.client).accountId)
  await join(person, meetingId)
}

/** `person` accepts what waits for it. */
export async function join(person: TestClient, meetingId: MeetingId): Promise<void> {
  const waiting = (await listInvitations(person.client)).find(
    ({ invitation }) => invitation !== null && equalBytes(idOfHash("meeting", invitation.meetingHash), meetingId),
  )
  if (waiting === undefined) throw new Error("no invitation came")
  await acceptInvitation(person.client, waiting)
}

/** What the client refused: code and place. Anything but the project's own error is thrown. */
export async function refusal(work: () => Promise<unknown>): Promise<readonly [string, string | undefined]> {
  try {
    await work()
  } catch (error) {
    if (!isArchiveError(error)) throw error
    return [error.code, error.place]
  }
  return expect.fail("the lie was believed")
}

/**
 * First without the lie, where `work` succeeds; then with it, where `work` is refused as expected, and the lie was delivered.
 * @param isSeenWithoutLie where the same was seen to succeed without a lie before, and nothing changed since.
 * @returns what was asked of the server while it lied.
 */
export async function expectRefused(
  { liar }: Scene,
  lie: Lie,
  work: () => Promise<unknown>,
  expected: readonly [string, string | undefined],
  isSeenWithoutLie = false,
): Promise<ReturnType<Liar["asked"]>> {
  if (!isSeenWithoutLie) await work()
  liar.asked()
  const told = liar.lie(lie)
  try {
    expect(await refusal(work)).to.deep.equal(expected)
  } finally {
    told.stop()
  }
  expect(told.delivered(), "lies delivered").to.be.greaterThan(0)
  return liar.asked()
}

/** Rewrites the JSON of an answer. */
export function json<T>(change: (body: T) => T): Lie["tell"] {
  return ({ body }) => Buffer.from(JSON.stringify(change(JSON.parse(body.toString("utf8")) as T)))
}

/** Appends a note as a client without scruples would. @param as whom it is said to be by. */
export async function say(
  by: TestClient,
  meetingId: MeetingId,
  note: NoteContent,
  { as = by, timeMs = Date.now() }: { readonly as?: TestClient; readonly timeMs?: number } = {},
): Promise<void> {
  const { client } = by
  const log = await readMeeting(client, meetingId)
  const { genesisHash } = as.client.state.current.secrets
  const { headHash } = await fetchChainOf(client, genesisHash)
  const position = { meetingId, meetingHash: log.meetingHash, seq: log.head.seq + 1, prev: log.head.hash }
  const content = { type: note.type, values: noteValues(note), assets: [], carried: [], epochPart: null }
  const author = { ...selfAsAuthor(client, headHash), genesisHash }
  await appendEvent(client, log, makeEvent(position, log.current.keys, author, content, { timeMs, random }))
}

/** The signed statement of an event, sealed for the next place of a log by somebody who holds its key. */
export function resealed(event: MeetingEvent, body: EventBody, into: MeetingLog): Uint8Array {
  const { epoch, logKey } = into.current.keys
  const visible = { ...event, meetingId: into.meetingId, seq: into.head.seq + 1, prev: into.head.hash, epoch }
  const place = {
    key: logKey,
    label: LABELS.event,
    context: eventContext(into.meetingHash, visible),
    aad: eventAad(visible),
  }
  return encodeEvent({ ...visible, sealedBody: sealRecord(place, encodeBody(body), random) })
}
