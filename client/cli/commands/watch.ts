import type { Command } from "commander"
import { isoTimeOf } from "../../../shared/protocol/ambient.js"
import { formatId, idOfHash } from "../../../shared/protocol/ids.js"
import type { MeetingLog } from "../../crypto/meeting-log.js"
import { watchMeeting } from "../../sdk/live.js"
import { readId } from "../arguments.js"
import type { CommandContext } from "../context.js"
import type { Action } from "../main.js"

/** An event of a verified log, as it is printed. */
interface WatchedEvent {
  readonly event: number
  readonly type: string
  readonly author?: string
  readonly time?: string
  readonly [detail: string]: string | number | null | undefined
}

export function addWatchCommand(meeting: Command, run: (action: Action) => Promise<void>): void {
  meeting
    .command("watch <meeting>")
    .description("print what happens in a meeting as it comes, verified, until Ctrl-C; with --json one document a line")
    .addHelpText("after", "\nExample:\n  taciturn meeting watch mtg_… --json")
    .action(async (id: string) => {
      await run(async (context) => {
        await watch(context, id)
        return undefined
      })
    })
}

async function watch(context: CommandContext, id: string): Promise<void> {
  const { output, signal } = context
  let seen: number | null = null
  await watchMeeting(await context.openClient(), readId("meeting", id), {
    signal,
    onTrouble: ({ message }) => {
      output.note(`what is new comes late: ${message}`)
    },
    onChange: (log) => {
      if (seen === null) output.note(`watching ${log.current.title} from event ${log.head.seq} on; Ctrl-C ends it`)
      const after = seen ?? log.head.seq
      for (const event of eventsAfter(log, after)) output.result({ meeting: id, ...event }, [lineOf(event)])
      seen = log.head.seq
    },
  })
}

/** Every event after `seq`, in order; one that this version does not know, or this account can't open, by its number alone. */
function eventsAfter(log: MeetingLog, seq: number): readonly WatchedEvent[] {
  const signed = ({ authorGenesisHash, timeMs }: { authorGenesisHash: Uint8Array; timeMs: number }) => ({
    author: formatId("account", idOfHash("account", authorGenesisHash)),
    time: isoTimeOf(timeMs),
  })
  const known: readonly WatchedEvent[] = [
    ...log.epochs.map((epoch) => ({
      event: epoch.seq,
      type: "epoch",
      ...signed(epoch),
      epoch: epoch.keys.epoch,
      members: epoch.roster.length,
    })),
    ...log.recordings.map((recording) => ({
      event: recording.seq,
      type: "recording",
      ...signed(recording),
      recording: formatId("recording", recording.fields.recordingId),
      title: recording.opened?.details.title ?? null,
    })),
    ...log.notes.map((note) => ({ event: note.seq, type: note.type, ...signed(note) })),
    ...log.voids.map(({ seq: event, code, reason }) => ({ event, type: "not-valid", code, reason })),
  ]
  return Array.from({ length: log.head.seq - seq }, (_, index) => seq + 1 + index).map(
    (event) => known.find((candidate) => candidate.event === event) ?? { event, type: "other" },
  )
}

function lineOf({ event, type, author, time, ...details }: WatchedEvent): string {
  const said = Object.entries(details).map(([name, value]) => `${name} ${value ?? "unknown"}`)
  return [event, time ?? [], type, author === undefined ? [] : `by ${author}`, said].flat().join("  ")
}
