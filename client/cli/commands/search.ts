import { join } from "node:path"
import type { Command } from "commander"
import { dateIn, isoTimeOf } from "../../../shared/protocol/ambient.js"
import { fromHex, toHex } from "../../../shared/protocol/bytes.js"
import { ArchiveError, isArchiveError } from "../../../shared/protocol/errors.js"
import { asId, formatId, idOfHash } from "../../../shared/protocol/ids.js"
import type { Client } from "../../sdk/client.js"
import { adoptKeyring } from "../../sdk/keyring.js"
import { openSearchFolder, type SearchFolder } from "../../sdk/node/search-folder.js"
import { bringUpToDate, isOver } from "../../sdk/search/bring-up-to-date.js"
import { bestOf, findIn, type FoundInMeeting } from "../../sdk/search/find.js"
import type { Found, SearchFilter, SearchShard } from "../../sdk/search/shard.js"
import { readCount, readDate, readId } from "../arguments.js"
import type { CommandContext } from "../context.js"
import { accountOf, nameText } from "../describe.js"
import type { Action } from "../main.js"
import { formatDuration } from "../output.js"

const SHOWN = "20"
const SNIPPET_CHARACTERS = 240
const DAY_MS = 86_400_000

interface SearchFlags {
  readonly meeting?: string
  readonly author?: string
  readonly day?: string
  readonly from?: string
  readonly to?: string
  readonly has?: string
  readonly limit: string
  readonly offline?: boolean
}

export function addSearchCommand(program: Command, run: (action: Action) => Promise<void>): void {
  program
    .command("search [query]")
    .description(
      "search titles, chat, captions, what was imported and names of files of all meetings, on this device alone: no query reaches a server",
    )
    .option("--meeting <meeting>", "in one meeting only")
    .option("--author <who>", "by an account, a contact, or a name in what was imported and in transcripts")
    .option("--day <date>", "of one day, YYYY-MM-DD, in UTC")
    .option("--from <date>", "of that day or later")
    .option("--to <date>", "of that day or earlier")
    .option("--has <what>", "file: only what has a file")
    .option("--limit <count>", "so many at most", SHOWN)
    .option("--offline", "search what was read before, and ask no server")
    .addHelpText(
      "after",
      "\nExample:\n  taciturn search fuselage --from 2024-01-01\n  taciturn search --has file --author Bob",
    )
    .action(async (query: string | undefined, flags: SearchFlags) => {
      await run(async (context) => {
        await search(context, query ?? "", flags)
        return undefined
      })
    })
}

async function search(context: CommandContext, query: string, flags: SearchFlags): Promise<void> {
  const limit = readCount(flags.limit, "--limit")
  const only = flags.meeting === undefined ? null : readId("meeting", flags.meeting)
  const days = readDays(flags)
  if (flags.has !== undefined && flags.has !== "file") throw new ArchiveError("usage", "--has takes file")
  const isFiltered = flags.author !== undefined || flags.has !== undefined || Object.keys(days).length > 0
  if (query.trim() === "" && !isFiltered) throw new ArchiveError("usage", "give words to search for, or a filter")
  const { client, isOnline } = await openFor(context, flags.offline === true)
  const meetings = client.state.current.meetings.filter(
    ({ meetingHash }) => only === null || toHex(idOfHash("meeting", meetingHash)) === toHex(only),
  )
  if (only !== null && meetings.length === 0)
    throw new ArchiveError("not-found", `this account is not in ${formatId("meeting", only)}`)
  const filter: SearchFilter = {
    ...days,
    ...(flags.author === undefined ? {} : { author: authorOf(client, flags.author) }),
    ...(flags.has === undefined ? {} : { hasFile: true }),
  }
  const folder = await openSearchFolder(client, join(context.config.home, "search"))
  const found: FoundInMeeting[] = []
  const incomplete: string[] = []
  let total = 0
  for (const { meetingHash } of meetings) {
    const meetingId = idOfHash("meeting", meetingHash)
    const shard = await folder.load(meetingHash)
    const outcome = isOnline ? await update(context, client, folder, meetingHash, shard) : "whole"
    if (outcome !== "whole") incomplete.push(formatId("meeting", meetingId))
    if (outcome === "over") continue
    const here = findIn(meetingHash, shard, query, filter, limit)
    found.push(...here.first)
    total += here.total
  }
  context.output.progress(null)
  const best = bestOf(found, query, limit)
  context.output.result(
    {
      results: best.map(resultDocument),
      total,
      isUpToDate: isOnline && incomplete.length === 0,
      incomplete,
    },
    [
      ...best.flatMap((item) => resultLines(client, item)),
      ...(total > best.length ? [`${best.length} of ${total}: --limit shows more`] : []),
      ...(total === 0 ? ["Nothing was found."] : []),
    ],
  )
}

/** Without a server what was read before is searched. */
async function openFor(
  context: CommandContext,
  isOffline: boolean,
): Promise<{ readonly client: Client; readonly isOnline: boolean }> {
  if (isOffline) return { client: await context.openOffline(), isOnline: false }
  try {
    const client = await context.openClient()
    await adoptKeyring(client)
    return { client, isOnline: true }
  } catch (error) {
    if (!isArchiveError(error) || error.code !== "unavailable" || context.signal.aborted) throw error
    context.output.note(`only what was read before is searched: ${error.message}`)
    return { client: await context.openOffline(), isOnline: false }
  }
}

/** @returns how far the meeting was read; what is over is none of this account's any more. */
async function update(
  context: CommandContext,
  client: Client,
  folder: SearchFolder,
  meetingHash: Uint8Array,
  shard: SearchShard,
): Promise<"whole" | "incomplete" | "over"> {
  const meetingId = idOfHash("meeting", meetingHash)
  const id = formatId("meeting", meetingId)
  try {
    const { isChanged, notIndexed } = await bringUpToDate(client, meetingId, shard, {
      signal: context.signal,
      onProgress: ({ recordings, messages }) => {
        context.output.progress(`${id}: read ${messages > 0 ? `${messages} messages` : `${recordings} recordings`}`)
      },
    })
    if (isChanged) await folder.save(meetingHash, shard)
    for (const { recording, error } of notIndexed)
      context.output.note(
        `what goes along with ${formatId("recording", asId("recording", fromHex(recording)))} could not be read: ${isArchiveError(error) ? error.message : ""}`,
      )
    return notIndexed.length === 0 ? "whole" : "incomplete"
  } catch (error) {
    if (!isArchiveError(error) || context.signal.aborted) throw error
    if (isOver(error)) await folder.remove(meetingHash)
    context.output.note(`${id} could not be brought up to date: ${error.message}`)
    return isOver(error) ? "over" : "incomplete"
  }
}

function authorOf(client: Client, who: string): NonNullable<SearchFilter["author"]> {
  if (who.startsWith("acct_")) return { account: toHex(readId("account", who)), name: "" }
  const contact = client.state.current.contacts.find(
    ({ name, handle }) => name === who || (handle !== null && who === `@${handle}`),
  )
  return { account: contact === undefined ? null : toHex(idOfHash("account", contact.genesisHash)), name: who }
}

function readDays({ day, from, to }: SearchFlags): Pick<SearchFilter, "fromMs" | "untilMs"> {
  if (day !== undefined && (from !== undefined || to !== undefined))
    throw new ArchiveError("usage", "--day is one day: give it, or --from and --to")
  const [first, last] = [day ?? from, day ?? to]
  return {
    ...(first === undefined ? {} : { fromMs: readDate(first) }),
    ...(last === undefined ? {} : { untilMs: readDate(last) + DAY_MS }),
  }
}

function resultDocument(item: FoundInMeeting) {
  return {
    kind: item.kind,
    meeting: formatId("meeting", item.meetingId),
    meetingTitle: item.meetingTitle,
    recording: item.recording === null ? null : formatId("recording", asId("recording", fromHex(item.recording))),
    recordingTitle: item.recordingTitle,
    offsetMs: item.placeMs,
    message: item.message === null ? null : formatId("message", asId("message", fromHex(item.message))),
    author: item.author === null ? null : accountOf(fromHex(item.author)),
    claimedAuthor: item.claimedAuthor,
    time: isoTimeOf(item.timeMs),
    text: item.text,
    files: item.files === "" ? [] : item.files.split("\n"),
  }
}

function resultLines(client: Client, item: FoundInMeeting): readonly string[] {
  const { kind, meeting, recording, message, time } = resultDocument(item)
  const who =
    item.author === null
      ? item.claimedAuthor === null
        ? ""
        : `  “${item.claimedAuthor}”`
      : `  ${accountOf(fromHex(item.author))}${nameText(client, fromHex(item.author))}`
  const where = [
    recording ?? meeting,
    item.placeMs === null ? "" : `at ${item.placeMs < 0 ? "-" : ""}${formatDuration(Math.abs(item.placeMs) / 1_000)}`,
    message ?? "",
  ]
  return [`${kind}  ${dateIn(time)}  ${where.filter((text) => text !== "").join("  ")}${who}`, `    ${snippet(item)}`]
}

/** What of a text is shown: on one line, around the first word that was found. */
function snippet({ text, files, matches }: Found): string {
  const line = (text === "" ? files : text).replaceAll(/\s+/g, " ")
  const at = Math.max(0, line.toLowerCase().indexOf(matches[0] ?? "") - SNIPPET_CHARACTERS / 4)
  const shown = line.slice(at, at + SNIPPET_CHARACTERS)
  return `${at > 0 ? "…" : ""}${shown}${at + SNIPPET_CHARACTERS < line.length ? "…" : ""}`
}
