import { type Client, type MeetingId, readMeeting, rekeyMeeting, textContent, whoAmI } from "../../client/sdk/index.js"
import { makeMessage } from "../../client/crypto/message.js"
import type { MeetingLog } from "../../client/crypto/meeting-log.js"
import { fetchChain } from "../../client/sdk/chains.js"
import { selfAsAuthor } from "../../client/sdk/client.js"
import { ZERO_HASH } from "../../shared/protocol/hash.js"
import { asId } from "../../shared/protocol/ids.js"
import { decodeMessage, messageHash } from "../../shared/protocol/message.js"
import type { MessageContent, MessageTarget } from "../../shared/protocol/message-content.js"
import { openCatalog } from "../../shared/server/catalog/database.js"
import { type PostedMessage, postMessages } from "../../shared/server/catalog/messages.js"

/** Chats as members seal them, in this process: what a reader verifies of them is all there is to be verified. */

/** In one transaction. */
const MESSAGES_PER_COMMIT = 1_000
const MS_BETWEEN = 60_000
const NO_CAPS = { meetingBytes: null, instanceBytes: null }

/** One device of a member, whose messages follow each other. */
export interface Sealer {
  seal(log: MeetingLog, content: MessageContent, timeMs: number): PostedMessage
}

export async function sealerOf(client: Client): Promise<Sealer> {
  const author = selfAsAuthor(client, (await fetchChain(client, whoAmI(client).accountId)).headHash)
  let [counter, prev] = [0, ZERO_HASH]
  return {
    seal: (log, content, timeMs) => {
      const { keys } = log.current
      const messageId = asId("message", client.random(16))
      const { meetingId, meetingHash } = log
      const place = { meetingId, meetingHash, messageId, counter, prev, newestLogHash: log.head.hash }
      const raw = makeMessage({ ...place, replaces: [], timeMs, content }, keys, author, client.random)
      const hash = messageHash(raw)
      counter += 1
      prev = hash
      return { raw, message: decodeMessage(raw), hash, tokenEpoch: keys.epoch }
    },
  }
}

/**
 * Fills a meeting's chat in two epochs, by turns of its members: every tenth a reaction or an edit of what was said shortly before.
 * @param members the first of them an admin.
 */
export async function fillChat(
  databaseUrl: string,
  meetingId: MeetingId,
  members: readonly Client[],
  count: number,
): Promise<void> {
  const [admin] = members
  if (admin === undefined) throw new Error("a chat needs somebody who writes")
  const catalog = openCatalog(databaseUrl)
  const sealers = await Promise.all(members.map(sealerOf))
  const beganMs = admin.clock.nowMs() - count * MS_BETWEEN
  let [log, waiting, last] = [await readMeeting(admin, meetingId), [] as PostedMessage[], null as MessageTarget | null]
  const keep = async (): Promise<void> => {
    const results = await postMessages(catalog, NO_CAPS, meetingId, waiting)
    for (const result of results) if (result instanceof Error) throw result
    waiting = []
  }
  try {
    for (let n = 0; n < count; n++) {
      if (n === Math.floor(count / 2)) {
        await keep()
        await rekeyMeeting(admin, meetingId)
        log = await readMeeting(admin, meetingId)
      }
      // An edit is its author's own: the message before the last is by whoever writes now.
      const sealer = sealers[Math.floor(n / 10) % sealers.length]
      if (sealer === undefined) continue
      const content = contentOf(n, last)
      const posted = sealer.seal(log, content, beganMs + n * MS_BETWEEN)
      waiting.push(posted)
      if (content.type === "text") last = { messageId: posted.message.messageId, hash: posted.hash }
      if (waiting.length === MESSAGES_PER_COMMIT) await keep()
    }
    await keep()
  } finally {
    await catalog.close()
  }
}

const ACTIONS = 10

function contentOf(n: number, target: MessageTarget | null): MessageContent {
  if (target === null || n % ACTIONS !== ACTIONS - 1) return textContent(sentence(n))
  return n % (2 * ACTIONS) === ACTIONS - 1
    ? { type: "reaction", target, reaction: "👍", isSet: true }
    : { type: "edit", target, text: sentence(n), mentions: [] }
}

const COMMON = "the and to of a in we it is that for on you this with be have are at not but from what they can".split(
  " ",
)
const RARE_WORDS = 20_000
const LEAST_WORDS = 6

/** As people write: some words again and again, others hardly ever. The same for the same number. */
function sentence(n: number): string {
  let state = n + 1
  const next = (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff
    return (state >>> 8) % below
  }
  const words = Array.from({ length: LEAST_WORDS + next(10) }, () =>
    next(3) > 0 ? COMMON[next(COMMON.length)] : `word${(next(RARE_WORDS) * 7_919).toString(36)}`,
  )
  return `${words.join(" ")} ${n}`
}
