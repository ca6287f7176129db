import type { Command } from "commander"
import { equalBytes } from "../../../shared/protocol/bytes.js"
import { ArchiveError } from "../../../shared/protocol/errors.js"
import type { MeetingId } from "../../../shared/protocol/ids.js"
import type { Client } from "../../sdk/client.js"
import { followChat } from "../../sdk/chat/follow.js"
import { ChatFold, type ChatLine } from "../../sdk/chat/fold.js"
import { ChatReader } from "../../sdk/chat/read.js"
import { authorStateOf } from "../../sdk/chat/states.js"
import { lookAtChat } from "../../sdk/chat/unread.js"
import { readId } from "../arguments.js"
import { chatDocument, chatLines, foldedChat } from "../chat-lines.js"
import { messageOf } from "../chat-target.js"
import type { CommandContext } from "../context.js"
import type { Action } from "../main.js"
import { addChatExportCommand } from "./chat-export.js"
import { addChatImportedCommand } from "./chat-imported.js"
import { addChatListCommand } from "./chat-list.js"
import { addChatSaveCommand } from "./chat-save.js"
import { addChatWriteCommands, NOT_RENEWED } from "./chat-write.js"

type Run = (action: Action) => Promise<void>

/** A meeting's chat, for people and scripts. */
export function addChatCommands(program: Command, run: Run): void {
  const chat = program.command("chat").description("write in a meeting's chat, read it, follow it, take it along")
  addChatWriteCommands(chat, run)
  addChatListCommand(chat, run)
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
    .description(
      "print messages as they come, verified, and again where they were edited, reacted to or deleted, until Ctrl-C; with --json one document a line",
    )
    .option(...NOT_RENEWED)
    .addHelpText("after", "\nExample:\n  taciturn chat tail mtg_…")
    .action(async (meeting: string, flags: { readonly notRenewed?: boolean }) => {
      await run(async (context) => {
        await tail(context, readId("meeting", meeting), flags.notRenewed === true)
        return undefined
      })
    })
  addChatSaveCommand(chat, run)
  addChatExportCommand(chat, run)
  addChatImportedCommand(chat, run)
}

async function show(context: CommandContext, meetingId: MeetingId, id: string): Promise<void> {
  const client = await context.openClient()
  const reader = await ChatReader.open(client, meetingId)
  const { messageId } = await messageOf(reader, id)
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

async function tail(context: CommandContext, meetingId: MeetingId, acceptsNotRenewed: boolean): Promise<void> {
  const { output, signal } = context
  const client = await context.openClient({ sendsChat: false })
  const fold = new ChatFold()
  /** Each line that is there, and what it was printed as; `null` before anything was read. */
  let printed: ReadonlyMap<string, PrintedLine> | null = null
  let last = null as ChatReader | null
  await followChat(client, meetingId, {
    signal,
    sealing: () => ({ acceptsNotRenewed }),
    onTrouble: ({ message }) => {
      output.note(`what is new comes late: ${message}`)
    },
    onSent: ({ stored, trouble }) => {
      if (stored > 0)
        output.note(`${stored === 1 ? "a message that waited was" : `${stored} messages that waited were`} sent`)
      if (trouble !== null) output.note(`what was written here still waits to be sent: ${trouble.message}`)
    },
    onChange: (reader) => {
      last = reader
      if (printed === null) output.note(`following ${reader.log.current.title} from here on; Ctrl-C ends it`)
      const now = new Map<string, PrintedLine>()
      for (const line of fold.fold(reader.entries(), reader.log.epochs)) {
        const [key, knownAs] = [keyOf(line), knownAsIn(client, line)]
        const before = printed?.get(key)
        // Nearly every line is as it was.
        if (before?.line === line && before.knownAs === knownAs) {
          now.set(key, before)
          continue
        }
        const document = chatDocument(client, line)
        const text = JSON.stringify(document)
        now.set(key, { line, knownAs, text })
        if (printed === null || before?.text === text) continue
        const lines = chatLines(client, line)
        output.result(document, before === undefined ? lines : ["* this is what it comes to now:", ...lines])
      }
      printed = now
    },
  })
  if (last !== null && !output.json) await lookAtChat(client, last)
}

interface PrintedLine {
  readonly line: ChatLine
  /** How well its author is known, if it has one: the rest of what is printed is the line's own. */
  readonly knownAs: string | null
  readonly text: string
}

function knownAsIn(client: Client, line: ChatLine): string | null {
  return line.kind === "text" || line.kind === "without-effect"
    ? authorStateOf(client, line.message.statement.authorGenesisHash)
    : null
}

/** What a line is, whatever becomes of it. */
function keyOf(line: ChatLine): string {
  if (line.kind === "gap") return `gap ${line.fromSeq}-${line.untilSeq}`
  const { seq, incarnation } = line.kind === "refused" || line.kind === "closed" ? line.served : line.message.served
  return `${incarnation} ${seq}`
}
