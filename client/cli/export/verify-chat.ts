import { createReadStream } from "node:fs"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import * as z from "zod"
import { isoTimeOf } from "../../../shared/protocol/ambient.js"
import { equalBytes } from "../../../shared/protocol/bytes.js"
import { ArchiveError } from "../../../shared/protocol/errors.js"
import { formatId, idOfHash } from "../../../shared/protocol/ids.js"
import {
  type MessageContent,
  type OtherContent,
  readMessageContent,
  type SentFile,
  type TextContent,
} from "../../../shared/protocol/message-content.js"
import { messageHash, type MessageStatement } from "../../../shared/protocol/message.js"
import { nodePrimitives } from "../../crypto/node-primitives.js"
import { readOpening } from "../../verifier/read-opening.js"
import { accountOf } from "../describe.js"

const count = z.number().int()
const time = z.string()

/** What claims no author. */
const placeSchema = z.union([
  z.strictObject({ state: z.literal("gap"), from: count, to: count }),
  z.strictObject({ state: z.literal("not-kept"), from: count, to: count, writtenBefore: time.nullable() }),
  z.strictObject({ place: count, state: z.literal("refused"), code: z.string(), reason: z.string() }),
  z.strictObject({ place: count, state: z.literal("closed"), epoch: count }),
])

const messageSchema = z.strictObject({
  place: count,
  message: z.string(),
  state: z.enum(["stored", "late"]),
  author: z.string(),
  knownAs: z.string(),
  time,
  isClockOff: z.boolean(),
  type: z.string(),
  missingBefore: count,
  conflict: z.string().nullable(),
  isAhead: z.boolean(),
  epoch: count,
})

const textSchema = messageSchema.extend({
  type: z.literal("text"),
  text: z.string().nullable(),
  edited: time.nullable(),
  deletedBy: z.string().nullable(),
  replyTo: z.string().nullable(),
  mentions: z.array(z.string()),
  files: z.array(z.strictObject({ fileName: z.string(), sizeBytes: count, path: z.string().nullable() })),
  recording: z.string().nullable(),
  offsetMs: count.nullable(),
  reactions: z.array(z.strictObject({ reaction: z.string(), authors: z.array(z.string()) })),
})

/** An edit, deletion or reaction that changes nothing, or what the exporter's version did not know. */
const actionSchema = messageSchema.extend({ withoutEffect: z.string() })

const chatSchema = z.strictObject({
  meeting: z.string(),
  title: z.string(),
  messages: z.array(z.union([placeSchema, textSchema, actionSchema])),
})

type TextLine = z.infer<typeof textSchema>
type MessageLine = TextLine | z.infer<typeof actionSchema>

interface Signed {
  readonly hash: Uint8Array
  readonly statement: MessageStatement
  readonly content: MessageContent | OtherContent
}

/** A file that a message was signed with. */
export interface ProvableFile {
  readonly author: string
  readonly sent: SentFile
}

export interface ProvedChat {
  /** Who wrote each message that is just what was signed. */
  readonly authors: readonly string[]
  /** Lines that claim nobody's words: places where something is missing, closed or was refused. */
  readonly unprovedLines: number
  /** By their paths from the export's folder on. */
  readonly files: ReadonlyMap<string, ProvableFile>
}

/**
 * Holds a chat against what was signed.
 * @param folder the export's, `place` the meeting's in it.
 * @throws {@link ArchiveError} `integrity` for a line that nobody signed so, or one that is left out; what an opening's reader refuses. SPEC.md §20, EX5.
 */
export async function proveChat(
  folder: string,
  place: string,
  meeting: string,
  proofs: readonly string[],
): Promise<ProvedChat> {
  const signed = new Map<string, Signed>()
  for (const proof of proofs) {
    const { opening } = await readOpening(createReadStream(join(folder, proof)), { primitives: nodePrimitives })
    if (!("messages" in opening) || formatId("meeting", idOfHash("meeting", opening.meetingHash)) !== meeting)
      throw new ArchiveError("integrity", `${proof} is no proof of this chat`)
    for (const { statement, fields, rawMessage } of opening.messages) {
      if (rawMessage === null) throw new ArchiveError("integrity", `${proof} opens a message by some of its fields`)
      const content = readMessageContent(statement.type, fields)
      signed.set(formatId("message", statement.messageId), { hash: messageHash(rawMessage), statement, content })
    }
  }
  const parsed = chatSchema.safeParse(parseJson(await readFile(join(folder, place, "chat.json"), "utf8")))
  if (!parsed.success) throw new ArchiveError("malformed", "a chat that can't be read", { cause: parsed.error })
  if (parsed.data.meeting !== meeting) throw new ArchiveError("integrity", "it is the chat of another meeting")
  const actions = actionsOn(signed)
  const shown = new Set<string>()
  const files = new Map<string, ProvableFile>()
  for (const line of parsed.data.messages) {
    if (!("message" in line)) continue
    const message = signed.get(line.message)
    if (message === undefined || shown.has(line.message) || !isAsSigned(line, message, actions.get(line.message) ?? []))
      throw new ArchiveError("integrity", `${line.message} is not what was signed`)
    shown.add(line.message)
    if (!("files" in line) || message.content.type !== "text") continue
    for (const [index, sent] of message.content.files.entries()) {
      const path = line.files[index]?.path ?? null
      if (path !== null) files.set(`${place}/${path}`, { author: line.author, sent })
    }
  }
  for (const [id, { statement }] of signed)
    if (statement.type === "text" && !shown.has(id))
      throw new ArchiveError("integrity", `${id} was signed, and is left out`)
  const authors = parsed.data.messages.flatMap((line) => ("message" in line ? [line.author] : []))
  return { authors, unprovedLines: parsed.data.messages.length - authors.length, files }
}

/** What was signed to change each message, by its id. */
function actionsOn(signed: ReadonlyMap<string, Signed>): ReadonlyMap<string, readonly Signed[]> {
  const actions = new Map<string, Signed[]>()
  for (const one of signed.values()) {
    if (!("target" in one.content)) continue
    const { messageId, hash } = one.content.target
    const id = formatId("message", messageId)
    const target = signed.get(id)
    if (target !== undefined && equalBytes(target.hash, hash)) actions.set(id, [...(actions.get(id) ?? []), one])
  }
  return actions
}

function isAsSigned(line: MessageLine, { statement, content }: Signed, actions: readonly Signed[]): boolean {
  const isItself =
    accountOf(statement.authorGenesisHash) === line.author &&
    isoTimeOf(statement.timeMs) === line.time &&
    statement.epoch === line.epoch &&
    statement.type === line.type
  if (!("text" in line)) return isItself && content.type !== "text"
  return isItself && content.type === "text" && isText(line, statement, content, actions)
}

function isText(
  line: TextLine,
  { authorGenesisHash }: MessageStatement,
  content: TextContent,
  actions: readonly Signed[],
): boolean {
  const { replyTo, place, files } = content
  const isSaid =
    line.replyTo === (replyTo === null ? null : formatId("message", replyTo.messageId)) &&
    line.recording === (place === null ? null : formatId("recording", place.recordingId)) &&
    line.offsetMs === (place?.offsetMs ?? null) &&
    isSame(
      line.files.map(({ fileName, sizeBytes }) => ({ fileName, sizeBytes })),
      files.map(({ fileName, trueBytes }) => ({ fileName, sizeBytes: trueBytes })),
    )
  const edits = actions.flatMap(({ statement, content: edit }) =>
    edit.type === "edit" && equalBytes(statement.authorGenesisHash, authorGenesisHash)
      ? [{ ...edit, edited: isoTimeOf(statement.timeMs) }]
      : [],
  )
  const isWorded = [{ ...content, edited: null }, ...edits].some(
    ({ edited, text, mentions }) =>
      edited === line.edited &&
      (line.text === null || text === line.text) &&
      isSame(line.mentions, mentions.map(accountOf)),
  )
  const isDeleted = actions.some(
    ({ statement, content: { type } }) =>
      type === "deletion" && accountOf(statement.authorGenesisHash) === line.deletedBy,
  )
  const isNow = isWorded && (line.text === null ? isDeleted : line.deletedBy === null)
  return isSaid && isNow && areReactions(line.reactions, actions)
}

function areReactions(shown: TextLine["reactions"], actions: readonly Signed[]): boolean {
  const set = new Set(
    actions.flatMap(({ statement, content }) =>
      content.type === "reaction" && content.isSet
        ? [`${accountOf(statement.authorGenesisHash)} ${content.reaction}`]
        : [],
    ),
  )
  const claimed = shown.flatMap(({ reaction, authors }) => authors.map((author) => `${author} ${reaction}`))
  return new Set(claimed).size === claimed.length && claimed.every((claim) => set.has(claim))
}

function isSame(shown: readonly unknown[], signed: readonly unknown[]): boolean {
  return JSON.stringify(shown) === JSON.stringify(signed)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch (cause) {
    throw new ArchiveError("malformed", "a chat that is no JSON", { cause })
  }
}
