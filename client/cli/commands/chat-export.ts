import { lstat, writeFile } from "node:fs/promises"
import { resolve } from "node:path"
import type { Command } from "commander"
import { ArchiveError } from "../../../shared/protocol/errors.js"
import { formatId, type MeetingId } from "../../../shared/protocol/ids.js"
import type { Client } from "../../sdk/client.js"
import { ChatReader } from "../../sdk/chat/read.js"
import { readId } from "../arguments.js"
import { chatDocument, chatLines, foldedChat, type ShownLine } from "../chat-lines.js"
import { chatPage } from "../chat-page.js"
import type { CommandContext } from "../context.js"
import type { Action } from "../main.js"
import { printable } from "../output.js"

const FORMATS = ["text", "json", "html"] as const
type Format = (typeof FORMATS)[number]

interface ExportFlags {
  readonly format: string
  readonly output?: string
  readonly force?: boolean
}

export function addChatExportCommand(chat: Command, run: (action: Action) => Promise<void>): void {
  chat
    .command("export <meeting>")
    .description(
      "the whole chat as one file, with what is missing, late or refused among it. It is plaintext: keep it as such",
    )
    .option("--format <format>", "text, json, or html: a page without scripts that opens without a server", "text")
    .option("-o, --output <file>", "where to; otherwise standard output")
    .option("--force", "replace an existing file")
    .addHelpText("after", "\nExample:\n  taciturn chat export mtg_… --format html -o chat.html")
    .action(async (meeting: string, flags: ExportFlags) => {
      await run(async (context) => {
        await exportChat(context, readId("meeting", meeting), flags)
        return undefined
      })
    })
}

async function exportChat(context: CommandContext, meetingId: MeetingId, flags: ExportFlags): Promise<void> {
  const { output } = context
  const format = FORMATS.find((known) => known === flags.format)
  if (format === undefined) throw new ArchiveError("usage", `--format takes ${FORMATS.join(", ")}`)
  const { output: target } = flags
  if (target === undefined && output.json && format !== "json")
    throw new ArchiveError("usage", "with --json standard output carries the result: name a file")
  if (target !== undefined && flags.force !== true && (await lstat(target).catch(() => null)) !== null)
    throw new ArchiveError("exists", `${target} exists: name another file, or replace it with --force`)
  const client = await context.openClient()
  const reader = await ChatReader.open(client, meetingId)
  while (await reader.readOlder()) output.progress(`read back to message ${reader.from}`)
  output.progress(null)
  const lines = foldedChat(reader)
  const text = textOf(client, reader, lines, format)
  if (target === undefined) process.stdout.write(text)
  else {
    await writeFile(target, text, { mode: 0o600 })
    output.result({ file: resolve(target), messages: lines.length, format }, [
      `${lines.length} messages are in ${target}.`,
    ])
  }
}

function textOf(client: Client, reader: ChatReader, lines: readonly ShownLine[], format: Format): string {
  const { title } = reader.log.current
  const meeting = formatId("meeting", reader.log.meetingId)
  switch (format) {
    case "json":
      return `${JSON.stringify({ meeting, title, messages: lines.map((line) => chatDocument(client, line)) })}\n`
    case "html":
      return chatPage(client, { meeting, title }, lines)
    case "text":
      return [`${title} (${meeting})`, "", ...lines.flatMap((line) => [...chatLines(client, line), ""])]
        .map((line) => `${printable(line)}\n`)
        .join("")
  }
}
