import type { Command } from "commander"
import { dayOf, isoTimeOf } from "../../../shared/protocol/ambient.js"
import { ArchiveError } from "../../../shared/protocol/errors.js"
import { formatId, type MeetingId } from "../../../shared/protocol/ids.js"
import { mayYetCount } from "../../sdk/chat/fold.js"
import { ChatReader } from "../../sdk/chat/read.js"
import { unsentMessages } from "../../sdk/chat/send.js"
import { lookAtChat } from "../../sdk/chat/unread.js"
import type { Client } from "../../sdk/client.js"
import { readCount, readDate, readId, readPlace } from "../arguments.js"
import { chatDocument, chatLines, foldedChat, type ShownLine } from "../chat-lines.js"
import type { CommandContext } from "../context.js"
import type { Action } from "../main.js"

const SHOWN_LINES = 50

interface ListFlags {
  readonly limit: string
  readonly day?: string
  readonly before?: string
  readonly from?: string
}

/** Which part of a chat: upwards from a place or from the first of a day, or the last before a place. */
type Part =
  | { readonly kind: "from"; readonly place: number }
  | { readonly kind: "day"; readonly day: number }
  | { readonly kind: "before"; readonly place: number }

interface ListedPart {
  readonly lines: readonly ShownLine[]
  /** What to give `--before` for the lines before these; `null` where there are none. */
  readonly before: number | null
  /** What to give `--from` for the lines behind these. */
  readonly from: number | null
}

export function addChatListCommand(chat: Command, run: (action: Action) => Promise<void>): void {
  chat
    .command("list <meeting>")
    .description("the newest messages, or those of before, verified, with what is missing, late or refused among them")
    .option("--limit <count>", "so many at most", String(SHOWN_LINES))
    .option("--day <date>", "from the first of that day on, YYYY-MM-DD, by the server's days, in UTC")
    .option("--before <place>", "the newest before a place, which the list of those behind it says")
    .option("--from <place>", "from a place on")
    .addHelpText(
      "after",
      "\nExample:\n  taciturn chat list mtg_… --limit 200 --json\n  taciturn chat list mtg_… --day 2026-03-02\n  taciturn chat list mtg_… --before 1200",
    )
    .action(async (meeting: string, flags: ListFlags) => {
      await run(async (context) => {
        await list(context, readId("meeting", meeting), readPart(flags), readCount(flags.limit, "--limit"))
        return undefined
      })
    })
}

function readPart({ day, before, from }: ListFlags): Part {
  if ([day, before, from].filter((flag) => flag !== undefined).length > 1)
    throw new ArchiveError(
      "usage",
      "--day, --before and --from each say where the list begins or ends: give one of them",
    )
  if (day !== undefined) return { kind: "day", day: dayOf(readDate(day)) }
  if (from !== undefined) return { kind: "from", place: readPlace(from, "--from") }
  return { kind: "before", place: before === undefined ? Number.POSITIVE_INFINITY : readPlace(before, "--before") }
}

async function list(context: CommandContext, meetingId: MeetingId, part: Part, limit: number): Promise<void> {
  const { output } = context
  const client = await context.openClient()
  const reader = await ChatReader.open(client, meetingId)
  const { lines, before, from } = await readPartOf(reader, part, limit, () => {
    output.progress(`read back to message ${reader.from}`)
  })
  output.progress(null)
  const isNewest = from === null
  if (!output.json && isNewest) await lookAtChat(client, reader)
  const call = `taciturn chat list ${formatId("meeting", meetingId)}${limit === SHOWN_LINES ? "" : ` --limit ${limit}`}`
  output.result(
    {
      messages: lines.map((line) => chatDocument(client, line)),
      waiting: waitingDocuments(client, meetingId),
      before,
      from,
    },
    [
      ...(before === null ? [] : [`(what comes before: \`${call} --before ${before}\`)`]),
      ...(lines.length === 0
        ? [before === null && from === null ? "Nothing was written yet." : "Nothing was written there."]
        : lines.flatMap((line) => chatLines(client, line))),
      ...(from === null ? [] : [`(what comes behind: \`${call} --from ${from}\`)`]),
      ...(isNewest
        ? unsentMessages(client, meetingId).map(({ messageId }) => `${formatId("message", messageId)}  sending`)
        : []),
    ],
  )
}

/**
 * Reads everything from the part on to the newest: what was written later can change what stands there, or vouch for it.
 * @throws {@link ArchiveError} `bad-chain` for days that go back, and as {@link ChatReader.readOlder}.
 */
async function readPartOf(reader: ChatReader, part: Part, limit: number, onProgress: () => void): Promise<ListedPart> {
  const readOlder = async (backTo?: number): Promise<boolean> => {
    const isMore = await reader.readOlder(undefined, backTo)
    if (isMore) onProgress()
    return isMore
  }
  if (part.kind === "before") {
    let lines = linesOf(reader)
    const count = (): number => lines.filter((line) => spanOf(line).start < part.place).length
    while (count() < limit && (await readOlder())) lines = linesOf(reader)
    return partOf(reader, lines, Math.max(0, count() - limit), count())
  }
  if (part.kind === "from") while (reader.from > part.place && (await readOlder(part.place)));
  else while ((daysOf(reader)[0]?.day ?? Number.POSITIVE_INFINITY) >= part.day && (await readOlder()));
  const place = part.kind === "from" ? part.place : firstOfDay(reader, part.day)
  const lines = linesOf(reader)
  const first = lines.findIndex((line) => spanOf(line).end > place)
  return first === -1
    ? partOf(reader, lines, lines.length, lines.length)
    : partOf(reader, lines, first, Math.min(first + limit, lines.length))
}

/** The lines from one to before another, and where to read on from them. */
function partOf(reader: ChatReader, all: readonly ShownLine[], first: number, end: number): ListedPart {
  const [next, last] = [all[first], all[end - 1]]
  const isFirst = first === 0 && !reader.hasOlder
  return {
    lines: all.slice(first, end),
    before: isFirst ? null : next === undefined ? reader.until : spanOf(next).start,
    from: end === all.length ? null : last === undefined ? 0 : spanOf(last).end,
  }
}

/** Without what may yet change something that stands further back. */
function linesOf(reader: ChatReader): readonly ShownLine[] {
  return foldedChat(reader).filter((line) => line.kind === "not-kept" || !mayYetCount(line, reader.hasOlder))
}

/** The places that a line speaks of: from the first to before the last. */
function spanOf(line: ShownLine): { readonly start: number; readonly end: number } {
  if (line.kind === "not-kept") return { start: 0, end: line.untilSeq }
  if (line.kind === "gap") return { start: line.fromSeq, end: line.untilSeq }
  const { seq } = line.kind === "refused" || line.kind === "closed" ? line.served : line.message.served
  return { start: seq, end: seq + 1 }
}

/** In the server's words, oldest first. @throws {@link ArchiveError} `bad-chain` where they go back by more than clocks at midnight do. */
function daysOf(reader: ChatReader): readonly { readonly seq: number; readonly day: number }[] {
  const days = reader.entries().flatMap((entry) => (entry.kind === "gap" ? [] : [entry.served]))
  let newest = 0
  for (const { seq, day } of days) {
    if (day < newest - 1)
      throw new ArchiveError(
        "bad-chain",
        "the server gives days to messages that go back in their order, so none can be looked for: leave out --day, and go back by --before",
        { place: `message ${seq}` },
      )
    newest = Math.max(newest, day)
  }
  return days
}

function firstOfDay(reader: ChatReader, day: number): number {
  return daysOf(reader).find((served) => served.day >= day)?.seq ?? reader.until
}

function waitingDocuments(client: Client, meetingId: MeetingId) {
  return unsentMessages(client, meetingId).map(({ messageId, timeMs, content }) => ({
    message: formatId("message", messageId),
    time: isoTimeOf(timeMs),
    type: content.type,
    text: content.type === "text" ? content.text : null,
  }))
}
