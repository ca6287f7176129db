import type { Command } from "commander"
import { dateOf, isoTimeOf } from "../../../shared/protocol/ambient.js"
import { formatId, type RecordingId } from "../../../shared/protocol/ids.js"
import { ArchiveError } from "../../../shared/protocol/errors.js"
import type { Client } from "../../sdk/client.js"
import { formatOffset } from "../../sdk/imports/chat-clock.js"
import { type Imported, type PlacedLine, readImported } from "../../sdk/imports/read-imported.js"
import { findRecording } from "../../sdk/recordings.js"
import { readId } from "../arguments.js"
import type { CommandContext } from "../context.js"
import { accountOf, nameText } from "../describe.js"
import type { Action } from "../main.js"
import { formatDuration } from "../output.js"
import { shownText } from "../shown-text.js"

export function addChatImportedCommand(chat: Command, run: (action: Action) => Promise<void>): void {
  chat
    .command("imported <recording>")
    .description(
      "what was imported with a recording: its chat elsewhere, as that platform had it. Nobody signed those lines",
    )
    .addHelpText("after", "\nExample:\n  taciturn chat imported rec_…")
    .action(async (recording: string) => {
      await run(async (context) => {
        await show(context, readId("recording", recording))
        return undefined
      })
    })
}

async function show(context: CommandContext, recordingId: RecordingId): Promise<void> {
  const client = await context.openClient()
  const recording = await findRecording(client, recordingId)
  const imported = await readImported(client, recording, context.signal)
  const id = formatId("recording", recordingId)
  if (imported === null)
    throw new ArchiveError("not-found", `${id} was not imported: what was written in its meeting is in \`chat list\``)
  context.output.result({ recording: id, ...importedDocument(imported) }, [
    ...importLabel(client, imported),
    "",
    ...imported.lines.flatMap((line) => importedLines(line, recording.details.durationMs)),
  ])
}

export function importedDocument({
  importedBy,
  importedAtMs,
  clock,
  files,
  people,
  lines,
  ...rest
}: Imported): Readonly<Record<string, unknown>> {
  return {
    source: rest.source,
    importedBy: accountOf(importedBy),
    importedAt: isoTimeOf(importedAtMs),
    offset: clock === null ? null : formatOffset(0 - clock.startMs),
    files: files.map(({ name, sizeBytes, use }) => ({ file: name, sizeBytes, use })),
    people,
    lines: lines.map(({ type, placeMs, author, to, about, text }) => ({
      type,
      offsetMs: placeMs,
      author,
      to,
      about,
      text,
    })),
    unread: rest.unreadCount,
  }
}

/** IM3. */
function importLabel(client: Client, { importedBy, importedAtMs, source, unreadCount }: Imported): readonly string[] {
  return [
    `Imported from ${source} by ${accountOf(importedBy)}${nameText(client, importedBy)} on ${dateOf(importedAtMs)}.`,
    `${source} may have held plaintext of all of it. Who said what is its word, and the importer's: nobody signed it.`,
    ...(unreadCount === 0 ? [] : [`${unreadCount} lines could not be read, and stand as they were.`]),
  ]
}

function importedLines(
  { type, placeMs, author, to, about, text }: PlacedLine,
  durationMs: number | null,
): readonly string[] {
  const where = placeText(placeMs, durationMs)
  if (type === "unread") return [`${where}  (not read)`, ...indented(text)]
  const what = about === null ? "" : type === "reply" ? ` answers “${about}”` : ` ${type} to “${about}”`
  return [`${where}  “${author ?? ""}”${to === null ? "" : ` to “${to}”`}${what}`, ...indented(text)]
}

function placeText(placeMs: number | null, durationMs: number | null): string {
  if (placeMs === null) return "—"
  const time = `${placeMs < 0 ? "-" : ""}${formatDuration(Math.abs(placeMs) / 1_000)}`
  if (placeMs < 0) return `${time} (before)`
  return durationMs !== null && placeMs > durationMs ? `${time} (behind its end)` : time
}

function indented(text: string): readonly string[] {
  return shownText(text)
    .split("\n")
    .map((line) => `    ${line}`)
}
