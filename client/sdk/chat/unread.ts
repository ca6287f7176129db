import { equalBytes } from "../../../shared/protocol/bytes.js"
import { MessagesResponse } from "../../../shared/protocol/http.js"
import { idOfHash } from "../../../shared/protocol/ids.js"
import { type ChatPlace, compareChatPlaces } from "../../../shared/protocol/read-marks.js"
import type { ChatEntry } from "../../crypto/chat-order.js"
import type { Client } from "../client.js"
import { accessCapability } from "../meeting-events.js"
import { changeState, isFurtherInChat, readMarkOf, withLook } from "../read-marks.js"
import { type ChatState, type ClientState, type MeetingState, NOTHING_UNREAD } from "../state.js"
import { chatStateOf, withChat } from "./chat-state.js"
import { type ChatLine, type ChatMention, type ChatText, foldChat } from "./fold.js"
import { ChatReader } from "./read.js"

/** Whoever was away for longer is told that there are more. */
const MOST_READ = 2_000

/** What of a chat is new to this account, as this device counts it. What was looked at on another one is not (`read-marks.ts`). */

/**
 * Keeps how many of the messages that were read are new. What is there when a chat is first read here is not new, but behind what was looked at elsewhere.
 * @param lines of the reader, where they are folded already.
 */
export async function rememberUnread(
  client: Client,
  reader: ChatReader,
  lines: readonly ChatLine[] = foldChat(reader.entries(), reader.log.epochs),
): Promise<void> {
  const { meetingHash } = reader.log
  const end = endOf(reader.entries())
  await changeState(client, (state) =>
    withChat(state, meetingHash, (chat) => {
      const readUntil = lookedUntil(state, meetingHash) ?? end
      const found = unreadIn(lines, readUntil, state.secrets.genesisHash)
      // Somebody may have read further back.
      const known = readUntil === chat.readUntil ? chat.unread : NOTHING_UNREAD
      const unread = reachesBackTo(reader, readUntil)
        ? { ...found, isMore: false }
        : {
            messages: Math.max(found.messages, known.messages),
            mentions: Math.max(found.mentions, known.mentions),
            isMore: true,
          }
      const isSame =
        readUntil === chat.readUntil &&
        unread.messages === chat.unread.messages &&
        unread.mentions === chat.unread.mentions &&
        unread.isMore === chat.unread.isMore
      return isSame ? chat : { ...chat, readUntil: { ...readUntil }, unread }
    }),
  )
}

/** Its person looks at the newest of it: nothing of what was read is new any more, here at once and elsewhere once that is shared. */
export async function lookAtChat(client: Client, reader: ChatReader): Promise<void> {
  const { meetingHash } = reader.log
  const end = endOf(reader.entries())
  await changeState(client, (state) => {
    const looked = withChat(state, meetingHash, (chat) => {
      const isLater = chat.readUntil === null || compareChatPlaces(end, chat.readUntil) > 0
      if (!isLater && chat.unread.messages + chat.unread.mentions === 0) return chat
      return { ...chat, readUntil: isLater ? end : chat.readUntil, unread: { ...NOTHING_UNREAD } }
    })
    return withLook(looked, { meetingHash, events: 0, chat: end })
  })
}

/** Reads what is new, in pages of 200 and no more than 2,000, where the server has more than this device saw; until then it is one small request, of which nothing is taken for true. */
export async function lookForMessages(
  client: Client,
  meeting: Pick<MeetingState, "meetingHash" | "known">,
): Promise<void> {
  const { meetingHash } = meeting
  const { pin, readUntil } = chatStateOf(client.state.current, meetingHash)
  const isCountedAnew = lookedUntil(client.state.current, meetingHash) !== readUntil
  const newest = meeting.known.toSorted((a, b) => b.epoch - a.epoch)[0]
  if (newest === undefined) return
  const meetingId = idOfHash("meeting", meetingHash)
  const capability = accessCapability(meetingId, newest.secret, newest.epoch)
  const next = pin === null ? 0 : pin.seq + 1
  const count =
    readUntil === null || isCountedAnew
      ? null
      : await client.tokens.with(client.http, capability, async (token, subject) => {
          const path = `/v1/meetings/${subject}/messages?from=${next}&limit=1`
          return (await client.http.json(MessagesResponse, { path, subject, token })).count
        })
  if (count === next) return
  const reader = await ChatReader.open(client, meetingId)
  const wanted = lookedUntil(client.state.current, meetingHash)
  while (wanted !== null && !reachesBackTo(reader, wanted) && reader.until - reader.from < MOST_READ)
    await reader.readOlder()
  await rememberUnread(client, reader)
}

/** Whether all was read that stands behind a place. */
function reachesBackTo(reader: ChatReader, place: ChatPlace): boolean {
  if (!reader.hasOlder) return true
  const oldest = reader.entries().find((entry) => entry.kind !== "gap")
  return oldest !== undefined && compareChatPlaces(oldest.served, place) <= 0
}

/** Up to before which place its person looked, here or on another device; `null`: never yet. */
export function lookedUntil(state: ClientState, meetingHash: Uint8Array): ChatState["readUntil"] {
  const { readUntil } = chatStateOf(state, meetingHash)
  const mark = readMarkOf(state, meetingHash)
  return mark !== null && isFurtherInChat(mark, readUntil) ? mark.chat : readUntil
}

/** Whether a message stands where nobody had looked yet. */
export function isNewTo(readUntil: ChatPlace | null, { served }: { readonly served: ChatPlace }): boolean {
  return readUntil !== null && compareChatPlaces(served, readUntil) >= 0
}

/** Who is named by the edit of an older message is told of it, too. */
function unreadIn(
  lines: readonly ChatLine[],
  readUntil: ChatPlace,
  self: Uint8Array,
): Omit<ChatState["unread"], "isMore"> {
  const texts = lines.filter(
    (line) => line.kind === "text" && !equalBytes(line.message.statement.authorGenesisHash, self),
  ) as readonly ChatText[]
  const isNewMention = ({ genesisHash, served }: ChatMention): boolean =>
    served !== null && isNewTo(readUntil, { served }) && equalBytes(genesisHash, self)
  return {
    messages: texts.filter(({ message }) => isNewTo(readUntil, message)).length,
    mentions: texts.filter(({ text, mentions }) => text !== null && mentions.some(isNewMention)).length,
  }
}

/** Behind the newest. An empty chat is looked at, too: what comes then is new. */
function endOf(entries: readonly ChatEntry[]): ChatPlace {
  const newest = entries.findLast((entry) => entry.kind !== "gap")
  return newest === undefined
    ? { incarnation: 0, seq: 0 }
    : { incarnation: newest.served.incarnation, seq: newest.served.seq + 1 }
}
