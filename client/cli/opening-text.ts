import { isoTimeOf } from "../../shared/protocol/ambient.js"
import { formatId, idOfHash } from "../../shared/protocol/ids.js"
import type { OpenableEvent } from "../sdk/openings/event-opening.js"
import type { OpenableMessages } from "../sdk/openings/message-opening.js"
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
    `  - that ${accountOf(published.authorGenesisHash)} signed it at ${isoTimeOf(published.timeMs)} as event ${published.seq} of ${formatId("meeting", log.meetingId)}, and that account's public keys and days up to then`,
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
    `  - that ${accountOf(statement.authorGenesisHash)} signed it at ${isoTimeOf(statement.timeMs)}${seq === 0 ? "" : ` in ${formatId("meeting", idOfHash("meeting", statement.meetingHash))}`}, and that account's public keys and days up to then`,
    `Not in it: ${names.filter((name) => !chosen.includes(name)).join(", ")}, other events, and any key.`,
  ]
}

export function messagesDisclosure({ log, messages, others }: OpenableMessages): readonly string[] {
  const authors = new Set(messages.map(({ message }) => accountOf(message.statement.authorGenesisHash)))
  const [sealed, parted] = [messages.filter(({ isSealed }) => isSealed), messages.filter(({ isSealed }) => !isSealed)]
  const late = messages.filter(({ message: { standing } }) => !standing.isVouched || standing.conflict !== null)
  return [
    "Whoever gets this file, and whoever they give it to, will see:",
    ...messages.map(
      ({ message: { messageId, statement }, names }) =>
        `  - ${formatId("message", messageId)}, ${statement.type}, of ${isoTimeOf(statement.timeMs)}: ${names.filter((name) => name !== "nonce").join(", ")}`,
    ),
    `  - that ${[...authors].join(", ")} signed them in ${formatId("meeting", log.meetingId)}, each device's count of its messages there, and these accounts' public keys and days up to then`,
    ...(sealed.length === 0
      ? []
      : [
          `  - of ${sealed.length}, the bytes that the server has, and which message before it its device names, by a hash`,
        ]),
    ...(parted.length === 0
      ? []
      : [
          `  - of ${parted.length}, how many fields it has: files, whom it mentions and places in recordings stay closed`,
        ]),
    ...(others === 0
      ? []
      : [`${others} between them are not in it: they don't open here, or nobody can be told to have written them.`]),
    ...(late.length === 0
      ? []
      : [`${late.length} of them stand here as late or in conflict: whoever checks this file can't see that.`]),
    "What was edited or deleted later is in it as it was written first. Not in it: other messages, names, files, recordings, and any key to them.",
  ]
}
