import type { Command } from "commander"
import { ArchiveError, isArchiveError } from "../../../shared/protocol/errors.js"
import { formatId, idOfHash, type MeetingId } from "../../../shared/protocol/ids.js"
import { LIMITS } from "../../../shared/protocol/limits.js"
import { dateOfDay } from "../../../shared/protocol/ambient.js"
import { deleteMeeting, setRetention } from "../../sdk/deletion.js"
import { type MeetingStorage, readStorage } from "../../sdk/keeping.js"
import { titleOf } from "../../sdk/recordings.js"
import { readId } from "../arguments.js"
import { confirm } from "../confirm.js"
import type { CommandContext } from "../context.js"
import { fateText, purgeDocument, purgeLine } from "../describe.js"
import { EXIT, EXIT_CODES } from "../exit-codes.js"
import type { Action } from "../main.js"
import { formatSize } from "../output.js"

type Run = (action: Action) => Promise<void>

/** How long a meeting and what is in it are kept. */
export function addMeetingKeepingCommands(meeting: Command, run: Run): void {
  meeting
    .command("retention <meeting> <days>")
    .description("for how many days the meeting keeps a recording, as an admin; off is for ever")
    .addHelpText("after", "\nExample:\n  taciturn meeting retention mtg_… 90\n  taciturn meeting retention mtg_… off")
    .action(async (id: string, text: string) => {
      await run(async (context) => {
        const [meetingId, days] = [readId("meeting", id), readDays(text)]
        const { retentionDays } = await setRetention(await context.openClient(), meetingId, days)
        context.output.result({ meeting: id, retentionDays }, [
          retentionDays === null
            ? "Recordings are kept until somebody deletes them."
            : `Recordings are deleted ${retentionDays} days after they were stored, those of before too. Whoever downloaded one keeps that copy.`,
        ])
        return undefined
      })
    })
  meeting
    .command("delete <meeting>")
    .description("delete the meeting and everything in it for everybody, as an admin; nobody can take that back")
    .option("--yes", "don't ask")
    .addHelpText("after", "\nExample:\n  taciturn meeting delete mtg_…")
    .action(async (id: string, flags: { readonly yes?: boolean }) => {
      await run(async (context) => {
        const meetingId = readId("meeting", id)
        const client = await context.openClient()
        await confirm(context, `Delete ${id}, with every recording in it, for all of its members?`, {
          name: "--yes",
          isGiven: flags.yes === true,
        })
        const purgeDay = await deleteMeeting(client, meetingId)
        context.output.result({ meeting: id, ...purgeDocument(purgeDay) }, [
          `${id} is deleted: its members are told that you did it, until the server removes that too.`,
          purgeLine(purgeDay),
          "Whoever downloaded a recording keeps that copy.",
        ])
        return undefined
      })
    })
}

export function addStorageCommand(program: Command, run: Run): void {
  program
    .command("storage [meeting]")
    .description("what takes how much on the server, and what goes when; of every meeting, or of one")
    .addHelpText("after", "\nExample:\n  taciturn storage mtg_…")
    .action(async (id: string | undefined) => {
      await run(async (context) => await storage(context, id))
    })
}

function readDays(text: string): number | null {
  if (text === "off") return null
  const days = /^[1-9][0-9]{0,5}$/.test(text) ? Number(text) : Number.NaN
  if (!(days <= LIMITS.retentionDays))
    throw new ArchiveError(
      "usage",
      `${JSON.stringify(text)} is no number of days: give 1 to ${LIMITS.retentionDays}, or off`,
    )
  return days
}

async function storage(context: CommandContext, id: string | undefined): Promise<number> {
  const wanted = id === undefined ? null : readId("meeting", id)
  const client = await context.openClient()
  const meetingIds: readonly MeetingId[] =
    wanted === null
      ? client.state.current.meetings.map(({ meetingHash }) => idOfHash("meeting", meetingHash))
      : [wanted]
  const described: { readonly document: object; readonly lines: readonly string[] }[] = []
  const failed: number[] = []
  for (const meetingId of meetingIds) {
    try {
      described.push(describe(await readStorage(client, meetingId)))
    } catch (error) {
      // One that can't be read hides no other.
      if (!isArchiveError(error) || wanted !== null || context.signal.aborted) throw error
      const [meeting, { code, message }] = [formatId("meeting", meetingId), error]
      described.push({ document: { meeting, error: { code, message } }, lines: [`${meeting}  ${message}`] })
      if (code !== "gone") failed.push(EXIT_CODES[code])
    }
  }
  context.output.result(
    { meetings: described.map(({ document }) => document) },
    described.length === 0 ? ["No meetings yet."] : described.flatMap(({ lines }) => lines),
  )
  return failed[0] ?? EXIT.done
}

function describe({ log, keeping, recordings, unpublished }: MeetingStorage) {
  const stated = log.standing.retention?.days ?? null
  const [meeting, isAlike] = [formatId("meeting", log.meetingId), stated === keeping.retentionDays]
  const items = recordings.map(({ recording, fate, assets, purgeDay, isStillKept }) => ({
    recording: formatId("recording", recording.fields.recordingId),
    title: titleOf(recording),
    state: fate,
    trueBytes: assets.reduce((sum, asset) => sum + asset.trueBytes, 0),
    storedBytes: assets.reduce((sum, asset) => sum + (asset.keptBytes ?? 0), 0),
    ...purgeDocument(purgeDay),
    isStillKept,
  }))
  const others = unpublished.map(({ asset, sizeBytes, purgeDay }) => ({
    asset: formatId("asset", asset),
    storedBytes: sizeBytes,
    ...purgeDocument(purgeDay),
  }))
  const document = {
    meeting,
    title: log.current.title,
    storedBytes: keeping.storedBytes,
    retentionDays: keeping.retentionDays,
    statedRetentionDays: stated,
    ...purgeDocument(keeping.purgeDay),
    recordings: items,
    unpublished: others,
  }
  const gone = (day: string | null): string => (day === null ? "" : `, goes on ${day}`)
  const lines = [
    `${meeting}  ${log.current.title}: ${formatSize(keeping.storedBytes)}${keeping.purgeDay === null ? "" : `, deleted, goes on ${dateOfDay(keeping.purgeDay)}`}`,
    ...(keeping.retentionDays === null ? [] : [`  recordings are kept for ${keeping.retentionDays} days`]),
    ...(isAlike ? [] : [retentionDiffers(keeping.retentionDays, stated)]),
    ...items.map(
      (item) =>
        `  ${item.recording}  ${formatSize(item.storedBytes).padStart(10)} stored, ${formatSize(item.trueBytes)} true  ${item.title ?? "(begun before this account could open it)"}${fateText(item.state)}${gone(item.purgeDay)}${item.isStillKept ? "  (the server still keeps of it what is not marked: delete it again)" : ""}`,
    ),
    ...others.map(
      (item) =>
        `  ${item.asset}  ${formatSize(item.storedBytes).padStart(10)} stored, of no recording here${gone(item.purgeDay)}`,
    ),
  ]
  return { document, lines }
}

/** What a client shows where the server goes by another number than an admin stated. */
export function retentionDiffers(served: number | null, stated: number | null): string {
  const text = (days: number | null): string => (days === null ? "for ever" : `for ${days} days`)
  return `  the server keeps recordings ${text(served)}, where the newest that an admin said here is ${text(stated)}`
}
