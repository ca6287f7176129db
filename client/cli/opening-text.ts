import { formatId, idOfHash } from "../../shared/protocol/ids.js"
import type { OpenableEvent } from "../sdk/openings/event-opening.js"
import type { OpeningPlan } from "../sdk/openings/plan-opening.js"
import { clock } from "../verifier/words.js"
import { accountOf } from "./describe.js"

/** What an opening shows beside what was chosen, said before it is made. docs/openings.md says the same at length. */

export function recordingDisclosure(plan: OpeningPlan): readonly string[] {
  const { recording, extracted, openedSegments, segments, receipt } = plan
  const { log, recording: published } = recording
  return [
    "Whoever gets this file, and whoever they give it to, will see:",
    ...(extracted === null
      ? ["  - all of the recording's file, with whatever it says of itself"]
      : [
          `  - film and sound from ${clock(extracted.startMs)}, where the key frame stands before your beginning, to ${clock(extracted.endMs)}`,
          `  - what stands beside it in the ${openedSegments} of ${segments} segments that are opened: up to 64 KiB at each border, with moments before, behind, or from the recording's beginning`,
          "  - the file's index: how long the whole recording is, how large each of its pictures is and when it is shown; and what the file says of itself, such as which program made it",
        ]),
    "  - the size, kind and hashes of the whole file, and how many files the recording has",
    `  - that ${accountOf(published.authorGenesisHash)} signed it at ${new Date(published.timeMs).toISOString()} as event ${published.seq} of ${formatId("meeting", log.meetingId)}, and that account's public keys and days up to then`,
    receipt === null
      ? "  - no receipt: the server gave none that fits, so nobody but the author's own clock says when it was stored"
      : "  - which server stored it, and on which day",
    "Not in it: the title, who else is in the meeting, chat, other recordings, and any key to what is not opened.",
  ]
}

export function eventDisclosure({ event, names }: OpenableEvent, chosen: readonly string[]): readonly string[] {
  const { statement, seq } = event
  return [
    "Whoever gets this file, and whoever they give it to, will see:",
    `  - of event ${seq} (${statement.type}): ${chosen.join(", ")}, and that it has ${names.length} fields`,
    `  - that ${accountOf(statement.authorGenesisHash)} signed it at ${new Date(statement.timeMs).toISOString()}${seq === 0 ? "" : ` in ${formatId("meeting", idOfHash("meeting", statement.meetingHash))}`}, and that account's public keys and days up to then`,
    `Not in it: ${names.filter((name) => !chosen.includes(name)).join(", ")}, other events, and any key.`,
  ]
}
