import type { Command } from "commander"
import { isoTimeOf } from "../../../shared/protocol/ambient.js"
import { formatId } from "../../../shared/protocol/ids.js"
import type { Client } from "../../sdk/client.js"
import { type ConsentPage, giveConsent, waitingForConsent, withdrawConsent } from "../../sdk/consent.js"
import { readMeeting } from "../../sdk/meetings.js"
import { titleOf } from "../../sdk/recordings.js"
import { readId } from "../arguments.js"
import { accountOf } from "../describe.js"
import type { Action } from "../main.js"
import { announcedLine } from "./recording.js"

type Run = (action: Action) => Promise<void>

/** Whether this account agrees to be recorded. */
export function addConsentCommands(program: Command, run: Run): void {
  const consent = program.command("consent").description("say whether you agree to be recorded, and see what asks you")
  const answering = (
    name: string,
    description: string,
    act: (client: Client, recordingId: ReturnType<typeof readId<"recording">>) => Promise<ConsentPage>,
    said: string,
  ): void => {
    consent
      .command(`${name} <recording>`)
      .description(description)
      .addHelpText("after", `\nExample:\n  taciturn consent ${name} rec_…`)
      .action(async (id: string) => {
        await run(async (context) => {
          const page = await act(await context.openClient(), readId("recording", id))
          context.output.result({ recording: id, hasConsent: name === "give" }, [`${said} ${nameOf(page)}.`])
          return undefined
        })
      })
  }
  answering(
    "give",
    "sign that you agree to be recorded, in what was announced or published",
    giveConsent,
    "Signed, for the members to see: you agree to be recorded in",
  )
  answering(
    "withdraw",
    "sign that you agree no more, or don't agree; it deletes nothing",
    withdrawConsent,
    "Signed, for the members to see: you don't agree to be recorded in",
  )
  consent
    .command("list <meeting>")
    .description("what waits for your answer: announced captures, and recordings")
    .addHelpText("after", "\nExample:\n  taciturn consent list mtg_… --json")
    .action(async (id: string) => {
      await run(async (context) => {
        const client = await context.openClient()
        const waiting = waitingForConsent(client, await readMeeting(client, readId("meeting", id)))
        context.output.result(
          { waiting: waiting.map(describe) },
          waiting.length === 0
            ? ["Nothing waits for your answer."]
            : waiting.map((page) => `${nameOf(page)}, ${announcedLine(page)}`),
        )
        return undefined
      })
    })
}

function describe({ recordingId, authorGenesisHash, recording, capture }: ConsentPage) {
  return {
    recording: formatId("recording", recordingId),
    title: recording === null ? null : titleOf(recording),
    author: accountOf(authorGenesisHash),
    announced: capture === null ? null : isoTimeOf(capture.timeMs),
    isPublished: recording !== null,
  }
}

function nameOf({ recordingId, authorGenesisHash, recording }: ConsentPage): string {
  const title = recording === null ? "not published yet" : (titleOf(recording) ?? "without a title for this account")
  return `${formatId("recording", recordingId)} (${title}), by ${accountOf(authorGenesisHash)}`
}
