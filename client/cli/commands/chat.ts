import { text as readAll } from "node:stream/consumers"
import type { Command } from "commander"
import { isoTimeOf } from "../../../shared/protocol/ambient.js"
import { equalBytes } from "../../../shared/protocol/bytes.js"
import { ArchiveError, isArchiveError } from "../../../shared/protocol/errors.js"
import { formatId, type MeetingId } from "../../../shared/protocol/ids.js"
import { type MessageContent, type MessageTarget, textContent } from "../../../shared/protocol/message-content.js"
import type { Client } from "../../sdk/client.js"
import { followChat } from "../../sdk/chat/follow.js"
import { ChatReader } from "../../sdk/chat/read.js"
import { queueMessage, sendMessage, unsentMessages } from "../../sdk/chat/send.js"
import { readCount, readId } from "../arguments.js"
import { chatDocument, chatLines, foldedChat } from "../chat-lines.js"
import type { CommandContext } from "../context.js"
import { EXIT, EXIT_CODES } from "../exit-codes.js"
import type { Action } from "../main.js"
import { addChatExportCommand } from "./chat-export.js"
import { addChatImportedCommand } from "./chat-imported.js"

type Run = (action: Action) => Promise<void>

const SHOWN_LINES = 50

/** A meeting's chat, for people and scripts. */
export function addChatCommands(program: Command, run: Run): void {
  const chat = program.command("chat").description("write in a meeting's chat, read it, follow it, take it along")
  chat
    .command("send <meeting> [text]")
    .description("send a message, in Markdown; without a text, what comes on standard input")
    .option("--reply <message>", "answer to this message")
    .addHelpText(
      "after",
      '\nExample:\n  taciturn chat send mtg_… "I will be late"\n  uptime | taciturn chat send mtg_…',
    )
    .action(async (meeting: string, text: string | undefined, flags: { readonly reply?: string }) => {
      await run(async (context) => {
        const said = text ?? (await readStandardInput())
        return await act(context, meeting, async (reader) =>
          textContent(said, { replyTo: flags.reply === undefined ? null : await targetOf(reader, flags.reply) }),
        )
      })
    })
  chat
    .command("edit <meeting> <message> <text>")
    .description("change a message of your own; the members can still open what it said before")
    .addHelpText("after", '\nExample:\n  taciturn chat edit mtg_… msg_… "I will be on time"')
    .action(async (meeting: string, message: string, text: string) => {
      await run(async (context) =>
        act(context, meeting, async (reader) => ({
          type: "edit",
          target: await targetOf(reader, message),
          text,
          mentions: [],
        })),
      )
    })
  chat
    .command("delete <meeting> <message>")
    .description(
      "say that a message is to be shown no more, as its author or an admin. Members keep its bytes and can open them; the server keeps them as long as the chat",
    )
    .addHelpText("after", "\nExample:\n  taciturn chat delete mtg_… msg_…")
    .action(async (meeting: string, message: string) => {
      await run(async (context) =>
        act(context, meeting, async (reader) => ({ type: "deletion", target: await targetOf(reader, message) })),
      )
    })
  chat
    .command("react <meeting> <message> <reaction>")
    .description("react to a message, or with --take-back no more")
    .option("--take-back", "take the same reaction back")
    .addHelpText("after", "\nExample:\n  taciturn chat react mtg_… msg_… 👍")
    .action(async (meeting: string, message: string, reaction: string, flags: { readonly takeBack?: boolean }) => {
      await run(async (context) =>
        act(context, meeting, async (reader) => ({
          type: "reaction",
          target: await targetOf(reader, message),
          reaction,
          isSet: flags.takeBack !== true,
        })),
      )
    })
  chat
    .command("list <meeting>")
    .description("the newest messages, verified, with what is missing, late or refused among them")
    .option("--limit <count>", "so many places back", String(SHOWN_LINES))
    .addHelpText("after", "\nExample:\n  taciturn chat list mtg_… --limit 200 --json")
    .action(async (meeting: string, flags: { readonly limit: string }) => {
      await run(async (context) => {
        await list(context, readId("meeting", meeting), readCount(flags.limit, "--limit"))
        return undefined
      })
    })
  chat
    .command("show <meeting> <message>")
    .description("one message with all that is known of it")
    .addHelpText("after", "\nExample:\n  taciturn chat show mtg_… msg_…")
    .action(async (meeting: string, message: string) => {
      await run(async (context) => {
        await show(context, readId("meeting", meeting), message)
        return undefined
      })
    })
  chat
    .command("tail <meeting>")
    .description("print messages as they come, verified, until Ctrl-C; with --json one document a line")
    .addHelpText("after", "\nExample:\n  taciturn chat tail mtg_…")
    .action(async (meeting: string) => {
      await run(async (context) => {
        await tail(context, readId("meeting", meeting))
        return undefined
      })
    })
  addChatExportCommand(chat, run)
  addChatImportedCommand(chat, run)
}

/** Sends what `content` says. What could not be sent stays, and goes with the next. */
async function act(
  context: CommandContext,
  id: string,
  content: (reader: () => Promise<ChatReader>) => Promise<MessageContent>,
): Promise<number | undefined> {
  const meetingId = readId("meeting", id)
  const { client, away } = await openOrOffline(context)
  const said = await content(async () => {
    if (away !== null) throw away
    return await ChatReader.open(client, meetingId)
  })
  const { messageId, trouble } =
    away === null
      ? await sendMessage(client, meetingId, said)
      : { messageId: await queueMessage(client, meetingId, said), trouble: away }
  const waiting = unsentMessages(client, meetingId).length
  const message = formatId("message", messageId)
  const document = { meeting: id, message, state: trouble === null ? "stored" : "sending", waiting }
  if (trouble === null) {
    context.output.result(document, [`Sent: ${message}`])
    return undefined
  }
  context.output.result({ ...document, reason: trouble.code }, [
    `Kept, and not sent yet: ${trouble.message}`,
    `${waiting} of this device ${waiting === 1 ? "waits" : "wait"}: the next \`taciturn chat send\` or \`tail\` sends them.`,
  ])
  return EXIT_CODES[trouble.code] === EXIT.done ? EXIT.failed : EXIT_CODES[trouble.code]
}

/** Where the server is not there, a message is still kept; but nothing goes to one that was not seen to be the same. */
async function openOrOffline(
  context: CommandContext,
): Promise<{ readonly client: Client; readonly away: ArchiveError | null }> {
  try {
    return { client: await context.openClient(), away: null }
  } catch (error) {
    if (!isArchiveError(error) || error.code !== "unavailable") throw error
    return { client: await context.openOffline(), away: error }
  }
}

async function readStandardInput(): Promise<string> {
  const text = (await readAll(process.stdin)).replace(/\r?\n$/, "")
  if (text === "") throw new ArchiveError("usage", "nothing to send: give a text, or something on standard input")
  return text
}

/** A message among those that were read, back to the first if need be. @throws {@link ArchiveError} `not-found`. */
async function targetOf(open: () => Promise<ChatReader>, id: string): Promise<MessageTarget> {
  const messageId = readId("message", id)
  const reader = await open()
  for (;;) {
    const found = reader.entries().find((entry) => entry.kind === "authentic" && equalBytes(entry.messageId, messageId))
    if (found?.kind === "authentic") return { messageId, hash: found.hash }
    if (!(await reader.readOlder())) throw new ArchiveError("not-found", `${id} is not in this meeting's chat`)
  }
}

async function list(context: CommandContext, meetingId: MeetingId, limit: number): Promise<void> {
  const client = await context.openClient()
  const reader = await ChatReader.open(client, meetingId)
  while (reader.until - reader.from < limit && (await reader.readOlder()));
  const lines = foldedChat(reader).slice(-limit)
  context.output.result(
    { messages: lines.map((line) => chatDocument(client, line)), waiting: waitingDocuments(client, meetingId) },
    [
      ...(lines.length === 0 ? ["Nothing was written yet."] : lines.flatMap((line) => chatLines(client, line))),
      ...unsentMessages(client, meetingId).map(({ messageId }) => `${formatId("message", messageId)}  sending`),
    ],
  )
}

function waitingDocuments(client: Client, meetingId: MeetingId) {
  return unsentMessages(client, meetingId).map(({ messageId, timeMs, content }) => ({
    message: formatId("message", messageId),
    time: isoTimeOf(timeMs),
    type: content.type,
    text: content.type === "text" ? content.text : null,
  }))
}

async function show(context: CommandContext, meetingId: MeetingId, id: string): Promise<void> {
  const client = await context.openClient()
  const reader = await ChatReader.open(client, meetingId)
  const { messageId } = await targetOf(() => Promise.resolve(reader), id)
  const line = foldedChat(reader).find(
    (candidate) =>
      (candidate.kind === "text" || candidate.kind === "without-effect") &&
      equalBytes(candidate.message.messageId, messageId),
  )
  if (line === undefined)
    throw new ArchiveError("not-found", `${id} changed another message, and shows there: see \`taciturn chat list\``)
  context.output.result(chatDocument(client, line), [
    ...chatLines(client, line),
    ...Object.entries(chatDocument(client, line)).flatMap(([name, value]) =>
      value === null || name === "text"
        ? []
        : [`  ${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`],
    ),
  ])
}

async function tail(context: CommandContext, meetingId: MeetingId): Promise<void> {
  const { output, signal } = context
  const client = await context.openClient()
  let shown: number | null = null
  await followChat(client, meetingId, {
    signal,
    onTrouble: ({ message }) => {
      output.note(`what is new comes late: ${message}`)
    },
    onChange: (reader) => {
      if (shown === null) output.note(`following ${reader.log.current.title} from here on; Ctrl-C ends it`)
      const after = shown ?? reader.until
      for (const line of foldedChat(reader)) {
        if (placeOf(line) < after) continue
        output.result(chatDocument(client, line), chatLines(client, line))
      }
      shown = Math.max(after, reader.until)
    },
  })
}

function placeOf(line: ReturnType<typeof foldedChat>[number]): number {
  if (line.kind === "gap") return line.fromSeq
  return line.kind === "refused" || line.kind === "closed" ? line.served.seq : line.message.served.seq
}
