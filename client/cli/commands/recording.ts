import type { Command } from "commander"
import { dateOf, isoTimeOf } from "../../../shared/protocol/ambient.js"
import { formatId, type RecordingId } from "../../../shared/protocol/ids.js"
import type { ManifestAsset } from "../../../shared/protocol/recording.js"
import type { Client } from "../../sdk/client.js"
import { type ConsentPage, locateConsent, type MemberConsent } from "../../sdk/consent.js"
import { titleOf } from "../../sdk/recordings.js"
import { readId } from "../arguments.js"
import type { CommandContext } from "../context.js"
import { accountOf, knownAs, nameText } from "../describe.js"
import type { Action } from "../main.js"
import { formatDuration, formatSize } from "../output.js"

/** A recording's page. */
export function addRecordingShowCommand(recording: Command, run: (action: Action) => Promise<void>): void {
  recording
    .command("show <recording>")
    .description(
      "one recording, or an announced one: whose it is, whether it was announced, and who agreed to be recorded",
    )
    .addHelpText("after", "\nExample:\n  taciturn recording show rec_…")
    .action(async (id: string) => {
      await run(async (context) => {
        await show(context, readId("recording", id))
        return undefined
      })
    })
}

async function show(context: CommandContext, recordingId: RecordingId): Promise<void> {
  const client = await context.openClient()
  const { log, page } = await locateConsent(client, recordingId)
  const { capture, recording, members } = page
  const assets = recording?.fields.assets ?? []
  const durationMs = recording?.opened?.details.durationMs ?? null
  const withdrawal = recording?.withdrawal ?? null
  const document = {
    recording: formatId("recording", recordingId),
    meeting: formatId("meeting", log.meetingId),
    title: recording === null ? null : titleOf(recording),
    author: accountOf(page.authorGenesisHash),
    published: recording === null ? null : isoTimeOf(recording.timeMs),
    deleted: withdrawal === null ? null : isoTimeOf(withdrawal.timeMs),
    durationSeconds: durationMs === null ? null : durationMs / 1_000,
    sizeBytes: assets[0]?.trueBytes ?? null,
    storedBytes: assets.reduce((sum, { storedBytes }) => sum + storedBytes, 0),
    files: assets.map(({ role, header }) => ({ asset: formatId("asset", header.assetId), role })),
    isImported: isImported(assets),
    announced: capture === null ? null : isoTimeOf(capture.timeMs),
    isOtherwiseNamed: page.isOtherwiseNamed,
    consents: members?.map((member) => describe(client, member)) ?? null,
  }
  context.output.result(document, [
    ...(recording === null
      ? ["Announced, and not published."]
      : [
          document.title ?? "(begun before this account could open it)",
          `${formatDuration(document.durationSeconds)}, ${formatSize(document.sizeBytes ?? 0)} (stored: ${formatSize(document.storedBytes)})`,
        ]),
    `${recording === null ? "announced" : `published at ${isoTimeOf(recording.timeMs)}`} by ${document.author}${nameText(client, page.authorGenesisHash)}`,
    ...(document.isImported
      ? [
          "imported: the platform that it comes from may have held plaintext, and who said what there is its word (`chat imported` shows it)",
        ]
      : []),
    ...(withdrawal === null
      ? []
      : [`deleted by ${accountOf(withdrawal.authorGenesisHash)} on ${dateOf(withdrawal.timeMs)}`]),
    // By these, and by nothing else, an operator finds what the server stores of it.
    ...document.files.map(({ asset, role }) => `stored as ${asset}  ${role}`),
    announcedLine(page),
    ...(members?.map((member) => memberLine(client, member)) ?? [
      "This account can't see who was a member when it was recorded.",
    ]),
  ])
}

/** Whether its author brought it in from elsewhere. SPEC.md §8.1. */
export function isImported(assets: readonly Pick<ManifestAsset, "role">[]): boolean {
  return assets.some(({ role }) => role === "import")
}

export function announcedLine({ capture, isOtherwiseNamed }: ConsentPage): string {
  if (isOtherwiseNamed)
    return "NOT ITS OWN HEADER: what was announced or published before has it, so no answer counts for this recording"
  return capture === null ? "not announced" : `announced at ${isoTimeOf(capture.timeMs)}`
}

function describe(client: Client, { genesisHash, state, timeMs }: MemberConsent) {
  return {
    account: accountOf(genesisHash),
    name: knownAs(client, genesisHash).name,
    state,
    time: timeMs === null ? null : isoTimeOf(timeMs),
  }
}

const SAID = { agreed: "agreed", unanswered: "not answered", withdrawn: "withdrew" } as const

function memberLine(client: Client, { genesisHash, state, timeMs }: MemberConsent): string {
  return `${accountOf(genesisHash)}${nameText(client, genesisHash)}  ${SAID[state]}${timeMs === null ? "" : ` at ${isoTimeOf(timeMs)}`}`
}
