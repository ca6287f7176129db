import { stat } from "node:fs/promises"
import { basename } from "node:path"
import { text as readAll } from "node:stream/consumers"
import type { Command } from "commander"
import { compareBytes, toHex } from "../../../shared/protocol/bytes.js"
import { ArchiveError, isArchiveError } from "../../../shared/protocol/errors.js"
import { formatId, idOfHash, type MeetingId, type MessageId } from "../../../shared/protocol/ids.js"
import {
  type MessageContent,
  type RecordingPlace,
  type SentFile,
  textContent,
} from "../../../shared/protocol/message-content.js"
import type { MeetingLog } from "../../crypto/meeting-log.js"
import { deleteMessage, type FilesReport, settleFiles } from "../../sdk/chat/delete-files.js"
import { uploadSentFile } from "../../sdk/chat/files.js"
import { ChatReader } from "../../sdk/chat/read.js"
import { discardMessage, queueMessage, sendMessage, unsentMessages } from "../../sdk/chat/send.js"
import type { Client } from "../../sdk/client.js"
import { contactOf } from "../../sdk/contacts.js"
import { livePlaceIn } from "../../sdk/live-capture/place.js"
import { mediaTypeOf } from "../../sdk/media-types.js"
import { readMeeting } from "../../sdk/meetings.js"
import { readId } from "../arguments.js"
import { messageOf, targetOf } from "../chat-target.js"
import type { CommandContext } from "../context.js"
import { purgeDocument, purgeLine } from "../describe.js"
import { EXIT, EXIT_CODES } from "../exit-codes.js"
import type { Action } from "../main.js"
import { createMeter } from "../progress.js"
import { fileSource } from "../sources.js"

type Run = (action: Action) => Promise<void>

export const NOT_RENEWED = [
  "--not-renewed",
  "although no admin has vouched for the meeting's members in the last 30 days",
] as const

interface WriteFlags {
  readonly notRenewed?: boolean
}

interface MentionFlags extends WriteFlags {
  readonly mention?: readonly string[]
}

interface SendFlags extends MentionFlags {
  readonly reply?: string
  readonly file?: readonly string[]
}

/** What a command may ask for before it knows what to write; each needs the server. */
interface Writer {
  readonly client: Client
  readonly meetingId: MeetingId
  readonly reader: () => Promise<ChatReader>
  /** Where a recording of the meeting stands that runs now. */
  readonly placeNow: () => Promise<RecordingPlace | null>
}

/** Writing in a meeting's chat. */
export function addChatWriteCommands(chat: Command, run: Run): void {
  chat
    .command("send <meeting> [text]")
    .description("send a message, in Markdown; without a text, what comes on standard input")
    .option("--reply <message>", "answer to this message")
    .option("--mention <who...>", "tell this member, by account or by what you call them")
    .option("--file <path...>", "send this file along, sealed; then the text may be left out")
    .option(...NOT_RENEWED)
    .addHelpText(
      "after",
      '\nExample:\n  taciturn chat send mtg_… "I will be late"\n  uptime | taciturn chat send mtg_…\n  taciturn chat send mtg_… "the slides" --file slides.pdf --mention Bob',
    )
    .action(async (meeting: string, text: string | undefined, flags: SendFlags) => {
      await run(async (context) => {
        const said = text ?? (flags.file === undefined ? await readStandardInput() : "")
        return await act(context, meeting, flags, async (writer) => {
          const replyTo = flags.reply === undefined ? null : await targetOf(await writer.reader(), flags.reply)
          const mentions = await mentionsOf(writer, flags)
          const files = await sendFiles(context, writer, flags)
          // Last, so that it is of the moment at which the message is kept.
          return textContent(said, { replyTo, mentions, files, place: await writer.placeNow() })
        })
      })
    })
  chat
    .command("edit <meeting> <message> <text>")
    .description("change a message of your own; the members can still open what it said before")
    .option(
      "--mention <who...>",
      "tell this member, by account or by what you call them; others it named it names no more",
    )
    .option(...NOT_RENEWED)
    .addHelpText("after", '\nExample:\n  taciturn chat edit mtg_… msg_… "I will be on time"')
    .action(async (meeting: string, message: string, text: string, flags: MentionFlags) => {
      await run(async (context) =>
        act(context, meeting, flags, async (writer) => ({
          type: "edit",
          target: await targetOf(await writer.reader(), message),
          text,
          mentions: await mentionsOf(writer, flags),
        })),
      )
    })
  chat
    .command("delete <meeting> <message>")
    .description(
      "say that a message is to be shown no more, as its author or an admin. Members keep its bytes and can open them; the server keeps them as long as the chat. Files of your own message are deleted at the server, too; who saved one has it",
    )
    .option(...NOT_RENEWED)
    .addHelpText("after", "\nExample:\n  taciturn chat delete mtg_… msg_…")
    .action(async (meeting: string, message: string, flags: WriteFlags) => {
      await run(async (context) =>
        write(context, meeting, async ({ client, meetingId, reader }) => {
          const target = await messageOf(await reader(), message)
          return await deleteMessage(client, meetingId, target, { acceptsNotRenewed: flags.notRenewed })
        }),
      )
    })
  chat
    .command("react <meeting> <message> <reaction>")
    .description("react to a message, or with --take-back no more")
    .option("--take-back", "take the same reaction back")
    .option(...NOT_RENEWED)
    .addHelpText("after", "\nExample:\n  taciturn chat react mtg_… msg_… 👍")
    .action(
      async (
        meeting: string,
        message: string,
        reaction: string,
        flags: WriteFlags & { readonly takeBack?: boolean },
      ) => {
        await run(async (context) =>
          act(context, meeting, flags, async ({ reader }) => ({
            type: "reaction",
            target: await targetOf(await reader(), message),
            reaction,
            isSet: flags.takeBack !== true,
          })),
        )
      },
    )
  chat
    .command("discard <meeting> <message>")
    .description(
      "throw away a message that waits and that the server refuses for good, with what was to change or answer it; what waits behind it goes on. The server is asked once more first: what it has after all stays",
    )
    .option(...NOT_RENEWED)
    .addHelpText("after", "\nExample:\n  taciturn chat list mtg_…\n  taciturn chat discard mtg_… msg_…")
    .action(async (meeting: string, message: string, flags: WriteFlags) => {
      await run(async (context) => {
        await discard(context, readId("meeting", meeting), message, flags)
        return undefined
      })
    })
}

/** Sends what `content` says. */
async function act(
  context: CommandContext,
  id: string,
  flags: WriteFlags,
  content: (writer: Writer) => Promise<MessageContent>,
): Promise<number | undefined> {
  return await write(context, id, async (writer, away) => {
    const { client, meetingId } = writer
    const said = await content(writer)
    return away === null
      ? await sendMessage(client, meetingId, said, { acceptsNotRenewed: flags.notRenewed })
      : { messageId: await queueMessage(client, meetingId, said), trouble: away }
  })
}

interface Written {
  readonly messageId: MessageId
  readonly trouble: ArchiveError | null
  readonly files?: FilesReport
}

/** Writes something, and says what became of it. What could not be sent stays, and goes with the next command. */
async function write(
  context: CommandContext,
  id: string,
  send: (writer: Writer, away: ArchiveError | null) => Promise<Written>,
): Promise<number | undefined> {
  const meetingId = readId("meeting", id)
  const { client, away } = await openOrOffline(context)
  let opened: Promise<ChatReader> | null = null
  const reader = async (): Promise<ChatReader> => {
    if (away !== null) throw away
    return await (opened ??= ChatReader.open(client, meetingId))
  }
  const placeNow = async (): Promise<RecordingPlace | null> => {
    if (away !== null) return null
    try {
      return await livePlaceIn(client, (await opened)?.log ?? (await readMeeting(client, meetingId)))
    } catch (error) {
      // What keeps the meeting from being read keeps the message from being sent, and is said there.
      if (isArchiveError(error)) return null
      throw error
    }
  }
  const { messageId, trouble, files } = await send({ client, meetingId, reader, placeNow }, away)
  const waiting = unsentMessages(client, meetingId).length
  const message = formatId("message", messageId)
  const document = {
    meeting: id,
    message,
    state: trouble === null ? "stored" : "sending",
    waiting,
    ...(files === undefined ? {} : filesDocument(files)),
  }
  if (trouble === null) {
    context.output.result(document, [`Sent: ${message}`, ...(files === undefined ? [] : filesLines(files))])
    return undefined
  }
  context.output.result({ ...document, reason: trouble.code }, [
    `Kept, and not sent yet: ${trouble.message}${trouble.code === "not-renewed" ? ", or give --not-renewed" : ""}`,
    `${waiting} of this device ${waiting === 1 ? "waits" : "wait"}: the next command that reaches the server sends ${waiting === 1 ? "it" : "them"}${trouble.retryable ? "" : `; \`taciturn chat discard ${id} MESSAGE\` throws away what it refuses for good`}.`,
  ])
  return EXIT_CODES[trouble.code] === EXIT.done ? EXIT.failed : EXIT_CODES[trouble.code]
}

function filesDocument({ deleted, kept, purgeDay, trouble }: FilesReport) {
  return {
    filesDeleted: deleted,
    filesKept: kept,
    ...purgeDocument(purgeDay),
    ...(trouble === null ? {} : { filesReason: trouble.code }),
  }
}

function filesLines({ deleted, kept, purgeDay, trouble }: FilesReport): readonly string[] {
  return [
    ...(deleted === 0
      ? []
      : [
          `${deleted === 1 ? "A file is" : `${deleted} files are`} deleted. ${purgeLine(purgeDay)} Who saved it has it.`,
        ]),
    ...(kept === 0
      ? []
      : [
          `${kept === 1 ? "A file stays" : `${kept} files stay`} at the server: this account may not delete it, or another message shows it.`,
        ]),
    ...(trouble === null
      ? []
      : [`What files it has are not deleted yet: ${trouble.message}. The next command tries again.`]),
  ]
}

/** Where the server is not there, a message is still kept; but nothing goes to one that was not seen to be the same. */
async function openOrOffline(
  context: CommandContext,
): Promise<{ readonly client: Client; readonly away: ArchiveError | null }> {
  try {
    return { client: await context.openClient({ sendsChat: false }), away: null }
  } catch (error) {
    if (!isArchiveError(error) || error.code !== "unavailable") throw error
    return { client: await context.openOffline(), away: error }
  }
}

async function readStandardInput(): Promise<string> {
  const text = (await readAll(process.stdin)).replace(/\r?\n$/, "")
  if (text === "")
    throw new ArchiveError("usage", "nothing to send: give a text, a --file, or something on standard input")
  return text
}

/** Members by their account, or by what this account calls them. @throws {@link ArchiveError} `not-found` for who is none. */
async function mentionsOf({ client, reader }: Writer, { mention = [] }: MentionFlags): Promise<readonly Uint8Array[]> {
  if (mention.length === 0) return []
  const { log } = await reader()
  const named = mention.map((who) => memberOf(client, log, who))
  return [...new Map(named.map((hash) => [toHex(hash), hash])).values()].toSorted(compareBytes)
}

function memberOf(client: Client, log: MeetingLog, who: string): Uint8Array {
  const isMeant = who.startsWith("acct_")
    ? (genesisHash: Uint8Array) => toHex(idOfHash("account", genesisHash)) === toHex(readId("account", who))
    : (genesisHash: Uint8Array) => contactOf(client, genesisHash)?.name === who
  const found = log.current.roster.find(({ genesisHash }) => isMeant(genesisHash))
  if (found === undefined)
    throw new ArchiveError(
      "not-found",
      `${who} is no member of this meeting that you know: see \`taciturn meeting show\``,
    )
  return found.genesisHash
}

async function sendFiles(
  context: CommandContext,
  { client, meetingId, reader }: Writer,
  { file = [], notRenewed }: SendFlags,
): Promise<readonly SentFile[]> {
  if (file.length === 0) return []
  const sizes = await Promise.all(file.map(async (path) => await sizeOf(path)))
  // Files go to the server before the message that names them: without one nothing is sent.
  await reader()
  const sent: SentFile[] = []
  for (const [index, path] of file.entries()) {
    const [fileName, sizeBytes, meter] = [basename(path), sizes[index] ?? 0, createMeter()]
    const source = fileSource(path, sizeBytes)
    const upload = await uploadSentFile(
      client,
      meetingId,
      { fileName, mediaType: mediaTypeOf(path), source },
      {
        signal: context.signal,
        acceptsNotRenewed: notRenewed,
        onWait: (error, waitMs) => {
          context.output.progress(`waiting ${Math.ceil(waitMs / 1_000)} s, ${error.message}`)
        },
        onProgress: (sentBytes) => {
          const line = meter(sentBytes, sizeBytes)
          if (line !== null) context.output.progress(`${fileName}: ${line}`)
        },
      },
    )
    sent.push(upload)
  }
  context.output.progress(null)
  return sent
}

async function sizeOf(path: string): Promise<number> {
  const found = await stat(path).catch(() => null)
  if (found?.isFile() !== true) throw new ArchiveError("usage", `${path} is no file`)
  return found.size
}

async function discard(
  context: CommandContext,
  meetingId: MeetingId,
  id: string,
  { notRenewed }: WriteFlags,
): Promise<void> {
  const messageId = readId("message", id)
  const client = await context.openClient({ sendsChat: false })
  const isIt = (other: Uint8Array): boolean => toHex(other) === toHex(messageId)
  if (!unsentMessages(client, meetingId).some((waiting) => isIt(waiting.messageId)))
    throw new ArchiveError("not-found", `${id} does not wait to be sent: see \`taciturn chat list\``)
  const discarded = await discardMessage(client, meetingId, messageId, { acceptsNotRenewed: notRenewed })
  await settleFiles(client, meetingId)
  const waiting = unsentMessages(client, meetingId).length
  context.output.result(
    { meeting: formatId("meeting", meetingId), discarded: discarded.map((each) => formatId("message", each)), waiting },
    discarded.length === 0
      ? ["It was sent meanwhile, and stays."]
      : discarded.map((each) => `Thrown away: ${formatId("message", each)}`),
  )
}
