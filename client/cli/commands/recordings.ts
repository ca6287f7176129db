import type { Command } from "commander"
import { formatId, idOfHash } from "../../../shared/protocol/ids.js"
import { readMeeting } from "../../sdk/meetings.js"
import { readId } from "../arguments.js"
import type { Action } from "../main.js"
import { formatDuration, formatSize } from "../output.js"

export function addRecordingsCommand(program: Command, run: (action: Action) => Promise<void>): void {
  program
    .command("recordings <meeting>")
    .description("the recordings of a meeting, oldest first")
    .addHelpText("after", "\nExample:\n  taciturn recordings mtg_… --json")
    .action(async (id: string) => {
      await run(async (context) => {
        const log = await readMeeting(await context.openClient(), readId("meeting", id))
        const recordings = log.recordings.map((recording) => ({
          recording: formatId("recording", recording.fields.recordingId),
          title: recording.opened?.details.title ?? null,
          author: formatId("account", idOfHash("account", recording.authorGenesisHash)),
          durationSeconds:
            recording.opened?.details.durationMs == null ? null : recording.opened.details.durationMs / 1_000,
          sizeBytes: recording.fields.assets[0]?.trueBytes ?? 0,
          published: new Date(recording.timeMs).toISOString(),
        }))
        const lines = recordings.map(
          (item) =>
            `${item.recording}  ${formatDuration(item.durationSeconds).padStart(8)}  ${formatSize(item.sizeBytes).padStart(10)}  ${item.title ?? "(begun before this account could open it)"}`,
        )
        context.output.result(
          { recordings },
          lines.length > 0 ? lines : ["No recordings yet. Add one with `taciturn upload MEETING FILE`."],
        )
        return undefined
      })
    })
}
