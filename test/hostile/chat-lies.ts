import { expect } from "chai"
import * as z from "zod"
import {
  ChatReader,
  createMeeting,
  foldChat,
  type MeetingId,
  readMeeting,
  removeMember,
  sendMessage,
  textContent,
  whoAmI,
} from "../../client/sdk/index.js"
import { fetchChainOf } from "../../client/sdk/chains.js"
import { chatStateOf } from "../../client/sdk/chat/chat-state.js"
import { selfAsAuthor } from "../../client/sdk/client.js"
import { currentCapability } from "../../client/sdk/meetings.js"
import { openRecord, sealRecord, type SealPlace } from "../../client/crypto/committed-seal.js"
import { makeMessage, type NewMessage } from "../../client/crypto/message.js"
import type { MeetingLog } from "../../client/crypto/meeting-log.js"
import { DAY_MS, LAST_TIME_MS } from "../../shared/protocol/ambient.js"
import { toBase64Url } from "../../shared/protocol/bytes.js"
import { PostMessageRequest, PostMessageResponse } from "../../shared/protocol/http.js"
import { asId, type MessageId } from "../../shared/protocol/ids.js"
import { LABELS } from "../../shared/protocol/labels.js"
import {
  decodeMessage,
  encodeMessage,
  type Message,
  messageAad,
  messageContext,
  messageHash,
} from "../../shared/protocol/message.js"
import type { Lie } from "../support/liar.js"
import { random } from "../support/people.js"
import type { TestClient } from "../support/sdk/clients.js"
import { admit, json, type Scene } from "./support.js"

/** What a server, a member and somebody removed can do to a chat, and how a reader sees it. */

export interface Placed {
  readonly seq: number
  readonly incarnation: number
  readonly day: number
  readonly message: string
}
export interface ServedPage {
  readonly messages: readonly Placed[]
  readonly next: number | null
  readonly first: number
  readonly count: number
  readonly incarnation: number
}

export const MESSAGES = /\/messages\?/

export const changingMessages =
  (change: (placed: readonly Placed[]) => readonly Placed[]) =>
  (page: ServedPage): ServedPage => ({ ...page, messages: change(page.messages) })

export function swapped(placed: readonly Placed[], a: number, b: number): readonly Placed[] {
  return placed.map((one) =>
    one.seq === a || one.seq === b
      ? { ...one, message: placed.find(({ seq }) => seq === (one.seq === a ? b : a))?.message ?? "" }
      : one,
  )
}

/** What a server shows that says nothing of what came after the first two. */
export const shortened: Pick<Lie, "path" | "tell"> = {
  path: MESSAGES,
  tell: json<ServedPage>((page) => ({ ...page, count: 2, messages: page.messages.filter(({ seq }) => seq < 2) })),
}

export const put = (at: number, raw: Uint8Array): ((page: ServedPage) => ServedPage) =>
  changingMessages((placed) => placed.map((one) => (one.seq === at ? { ...one, message: toBase64Url(raw) } : one)))

export const added =
  (...raws: readonly Uint8Array[]) =>
  (page: ServedPage): ServedPage => {
    const more = raws.map((raw, index) => ({
      seq: page.count + index,
      incarnation: 0,
      day: page.messages[0]?.day ?? 0,
      message: toBase64Url(raw),
    }))
    return { ...page, count: page.count + raws.length, messages: [...more.toReversed(), ...page.messages] }
  }

/** A message as a member without scruples would seal it. */
export async function forgedMessage(
  { client }: Pick<TestClient, "client">,
  log: MeetingLog,
  text: string,
  lies: Partial<NewMessage> & { readonly as?: Uint8Array } = {},
): Promise<Uint8Array> {
  const { as: author, ...changed } = lies
  const { genesisHash } = client.state.current.secrets
  const { headHash } = await fetchChainOf(client, author ?? genesisHash)
  const { next } = chatStateOf(client.state.current, log.meetingHash)
  return makeMessage(
    {
      meetingId: log.meetingId,
      meetingHash: log.meetingHash,
      messageId: asId("message", random(16)),
      ...next,
      newestLogHash: log.head.hash,
      replaces: [],
      timeMs: Date.now(),
      content: textContent(text),
      ...changed,
    },
    log.current.keys,
    { ...selfAsAuthor(client, headHash), genesisHash: author ?? genesisHash },
    random,
  )
}

/** Has the server keep it, as a member's program does. */
export async function postForged(
  { client }: Pick<TestClient, "client">,
  log: MeetingLog,
  message: Uint8Array,
): Promise<void> {
  await client.tokens.with(
    client.http,
    currentCapability(log),
    async (token, subject) =>
      await client.http.json(PostMessageResponse, {
        method: "POST",
        path: `/v1/meetings/${subject}/messages`,
        subject,
        token,
        json: z.encode(PostMessageRequest, { message }),
      }),
  )
}

/** Four by one device, with times that are far off: the first two are dates, the others none. */
export async function postFarOff(person: TestClient, meetingId: MeetingId): Promise<void> {
  const log = await readMeeting(person.client, meetingId)
  let { prev } = chatStateOf(person.client.state.current, log.meetingHash).next
  for (const [counter, [text, timeMs]] of FAR_OFF.entries()) {
    const raw = await forgedMessage(person, log, text, { counter, prev, timeMs })
    prev = messageHash(raw)
    await postForged(person, log, raw)
  }
}

const FAR_OFF = [
  ["in 1970", 0],
  ["in 275760", LAST_TIME_MS],
  ["a millisecond later", LAST_TIME_MS + 1],
  ["at the last number", Number.MAX_SAFE_INTEGER],
] as const

/** What somebody signed, sealed for another place by a member who holds the keys of both. */
export function resealedMessage(
  raw: Uint8Array,
  from: MeetingLog,
  into: MeetingLog,
  messageId: MessageId = decodeMessage(raw).messageId,
): Uint8Array {
  const signed = decodeMessage(raw)
  const body = openRecord(placeOf(from, signed), signed.sealedBody)
  const visible = { meetingId: into.meetingId, epoch: into.current.keys.epoch, messageId }
  return encodeMessage({ ...visible, sealedBody: sealRecord(placeOf(into, visible), body, random) })
}

function placeOf({ meetingHash, current }: MeetingLog, visible: Omit<Message, "sealedBody">): SealPlace {
  const [context, aad] = [messageContext(meetingHash, visible), messageAad(visible)]
  return { key: current.keys.chatKey, label: LABELS.chat, context, aad }
}

/** What is shown of each place, in a word. */
export function shownOf(reader: ChatReader): readonly string[] {
  return foldChat(reader.entries(), reader.log.epochs).map((line) => {
    if (line.kind === "gap") return `gap ${line.fromSeq}-${line.untilSeq - 1}`
    if (line.kind === "refused") return line.code
    if (line.kind === "closed") return "closed"
    const { isVouched, missingBefore, conflict } = line.message.standing
    const text = line.kind === "text" ? (line.text ?? "(deleted)") : `${line.message.statement.type}: ${line.reason}`
    return [text, isVouched ? "" : "late", missingBefore > 0 ? `-${missingBefore}` : "", conflict ?? ""]
      .filter((word) => word !== "")
      .join(" ")
  })
}

/** As if this device had seen nothing of any chat. */
export async function forgetChats({ client }: TestClient): Promise<void> {
  await client.state.update((state) => ({
    ...state,
    chats: state.chats.map((chat) => ({ ...chat, pin: null, heads: [], datedPlaces: [] })),
  }))
}

/** As if its clock said what it did so many days ago. */
export function daysAgo(days: number, { client, ...person }: TestClient): TestClient {
  return { ...person, client: { ...client, clock: { nowMs: () => Date.now() - days * DAY_MS } } }
}

/** The server says that what was before a place is not kept. */
export const cutBefore =
  (first: number) =>
  (page: ServedPage): ServedPage => ({ ...page, first, messages: page.messages.filter(({ seq }) => seq >= first) })

/** A chat to which all of it is done at once. */
export interface ChatOfLies {
  readonly meetingId: MeetingId
  readonly truth: readonly string[]
  /** Puts everything below behind it, of four is kept back, and six and seven are in each other's place. */
  readonly lie: Lie
  /**
   * Said again, written into the past by who was removed, by one member in the name of another, and by a device that wrote something else in the same
   * place.
   */
  readonly behind: readonly Uint8Array[]
}

/** Alice writes, Bob forges, and somebody whom she removed. @param reader joins too. */
export async function chatOfLies(scene: Scene, reader: TestClient): Promise<ChatOfLies> {
  const { alice, bob } = scene
  const meetingId = await createMeeting(alice.client, "Lies in the chat")
  const removed = await scene.newClient("Carol's phone")
  for (const person of [bob, removed, reader]) await admit(alice, person, meetingId)
  const say = async ({ client }: TestClient, ...texts: readonly string[]): Promise<void> => {
    for (const text of texts) expect((await sendMessage(client, meetingId, textContent(text))).trouble).to.equal(null)
  }
  await say(alice, "one")
  await say(removed, "two")
  const before = await readMeeting(removed.client, meetingId)
  await removeMember(alice.client, meetingId, whoAmI(removed.client).accountId)
  await say(alice, "three", "four", "five", "six", "seven")
  const log = await readMeeting(alice.client, meetingId)
  const { next } = chatStateOf(alice.client.state.current, log.meetingHash)
  await say(alice, "eight")
  const five = (await ChatReader.open(alice.client, meetingId))
    .entries()
    .find((entry) => entry.kind === "authentic" && entry.served.seq === 4)
  if (five?.kind !== "authentic") return expect.fail("five is there")
  const behind = [
    five.served.raw,
    await forgedMessage(removed, before, "I said so while I was in"),
    await forgedMessage(bob, await readMeeting(bob.client, meetingId), "Alice agrees", {
      as: alice.client.state.current.secrets.genesisHash,
    }),
    await forgedMessage(alice, log, "another eight", next),
  ]
  return {
    meetingId,
    truth: ["one", "two", "three", "four", "five", "six", "seven", "eight"],
    behind,
    lie: {
      path: MESSAGES,
      tell: json<ServedPage>((page) =>
        added(...behind)({
          ...page,
          messages: swapped(
            page.messages.filter(({ seq }) => seq !== 3),
            5,
            6,
          ),
        }),
      ),
    },
  }
}
