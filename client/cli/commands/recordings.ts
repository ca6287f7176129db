import type { Command } from "commander"
import { dateIn, isoTimeOf } from "../../../shared/protocol/ambient.js"
import { formatId } from "../../../shared/protocol/ids.js"
import { deleteRecording, renameRecording } from "../../sdk/deletion.js"
import { readStoredRecordings, type StoredRecording } from "../../sdk/keeping.js"
import { readMeeting } from "../../sdk/meetings.js"
import { titleOf } from "../../sdk/recordings.js"
import { readId } from "../arguments.js"
import type { CommandContext } from "../context.js"
import { accountOf, fateText, purgeDocument, purgeLine } from "../describe.js"
import type { Action } from "../main.js"
import { formatDuration, formatSize } from "../output.js"
import { addRecordingShowCommand, isImported } from "./recording.js"

type Run = (action: Action) => Promise<void>

export function addRecordingsCommand(program: Command, run: Run): void {
  program
    .command("recordings <meeting>")
    .description("the recordings of a meeting, oldest first")
    .addHelpText("after", "\nExample:\n  taciturn recordings mtg_… --json")
    .action(async (id: string) => {
      await run(async (context) => {
        await list(context, id)
        return undefined
      })
    })
  const recording = program.command("recording").description("show a recording, delete it, or give it another title")
  addRecordingShowCommand(recording, run)
  recording
    .command("delete <recording>")
    .description("delete a recording for everybody, as its author or an admin; nobody can take that back")
    .addHelpText(
      "after",
      "\nExample:\n  taciturn recording delete rec_…\n\nThe members are told who did it. The server removes the bytes on the day that is shown. Copies that members downloaded stay theirs.",
    )
    .action(async (id: string) => {
      await run(async (context) => {
        await remove(context, id)
        return undefined
      })
    })
  recording
    .command("rename <recording> <title>")
    .description("give a recording another title, as its author or an admin")
    .option("--not-renewed", "although no admin has vouched for the meeting's members in the last 30 days")
    .addHelpText("after", '\nExample:\n  taciturn recording rename rec_… "Kick-off, second part"')
    .action(async (id: string, title: string, flags: { readonly notRenewed?: boolean }) => {
      await run(async (context) => {
        const recordingId = readId("recording", id)
        const client = await context.openClient()
        await renameRecording(client, recordingId, title, { acceptsNotRenewed: flags.notRenewed })
        context.output.result({ recording: id, title }, [`${id} is called ${title}.`])
        return undefined
      })
    })
}

async function list(context: CommandContext, id: string): Promise<void> {
  const client = await context.openClient()
  const log = await readMeeting(client, readId("meeting", id))
  const all = await readStoredRecordings(client, log)
  const recordings = all.filter(({ recording }) => recording.withdrawal === null).map(describe)
  const withdrawn = all.flatMap(({ recording: { withdrawal, fields } }) =>
    withdrawal === null
      ? []
      : [
          {
            recording: formatId("recording", fields.recordingId),
            by: accountOf(withdrawal.authorGenesisHash),
            time: isoTimeOf(withdrawal.timeMs),
          },
        ],
  )
  const lines = [
    ...recordings.map(
      (item) =>
        `${item.recording}  ${formatDuration(item.durationSeconds).padStart(8)}  ${formatSize(item.sizeBytes).padStart(10)}  ${item.title ?? "(begun before this account could open it)"}${item.isImported ? "  (imported)" : ""}${fateText(item.state)}`,
    ),
    ...withdrawn.map((item) => `${item.recording}  deleted by ${item.by} on ${dateIn(item.time)}`),
  ]
  context.output.result(
    { recordings, withdrawn },
    lines.length > 0 ? lines : ["No recordings yet. Add one with `taciturn upload MEETING FILE`."],
  )
}

function describe({ recording, fate }: StoredRecording) {
  const { fields, opened, authorGenesisHash, timeMs } = recording
  return {
    recording: formatId("recording", fields.recordingId),
    title: titleOf(recording),
    author: accountOf(authorGenesisHash),
    durationSeconds: opened?.details.durationMs == null ? null : opened.details.durationMs / 1_000,
    sizeBytes: fields.assets[0]?.trueBytes ?? 0,
    published: isoTimeOf(timeMs),
    isImported: isImported(fields.assets),
    state: fate,
  }
}

async function remove(context: CommandContext, id: string): Promise<void> {
  const recordingId = readId("recording", id)
  const { meetingId, isStated, purgeDay } = await deleteRecording(await context.openClient(), recordingId)
  const document = { recording: id, meeting: formatId("meeting", meetingId), isStated, ...purgeDocument(purgeDay) }
  context.output.result(document, [
    isStated
      ? `${id} is deleted: the members are told that you did it.`
      : `${id} is deleted. This account can say so in its meeting no more: to the members it is missing.`,
    purgeLine(purgeDay),
    "Whoever downloaded it keeps that copy.",
  ])
}
