import type { Command } from "commander"
import { dateOfDay } from "../../../shared/protocol/ambient.js"
import { toHex } from "../../../shared/protocol/bytes.js"
import { isArchiveError } from "../../../shared/protocol/errors.js"
import { formatId, idOfHash, type MeetingId } from "../../../shared/protocol/ids.js"
import { whoAmI } from "../../sdk/account.js"
import type { Client } from "../../sdk/client.js"
import { readMeeting } from "../../sdk/meetings.js"
import { accountNotices, meetingNotices, type Notice, type NoticeStep } from "../../sdk/notices.js"
import { readId } from "../arguments.js"
import type { CommandContext } from "../context.js"
import { EXIT, EXIT_CODES } from "../exit-codes.js"
import type { Action } from "../main.js"

export function addNoticesCommand(program: Command, run: (action: Action) => Promise<void>): void {
  program
    .command("notices [meeting]")
    .description(
      "requests of authorities that the operator may tell of: about this account and its meetings, or one meeting",
    )
    .addHelpText(
      "after",
      "\nExample:\n  taciturn notices\n\nThis is the operator's own word. What a court forbids to tell of is not in it until that ends.",
    )
    .action(async (id: string | undefined) => {
      await run(async (context) => await show(context, id))
    })
}

interface Told {
  /** Account or meeting. */
  readonly about: string
  readonly title: string
  readonly notices: readonly Notice[]
}

async function show(context: CommandContext, id: string | undefined): Promise<number> {
  const wanted = id === undefined ? null : readId("meeting", id)
  const client = await context.openClient()
  const told: Told[] = []
  const failed: { readonly meeting: string; readonly code: keyof typeof EXIT_CODES; readonly message: string }[] = []
  if (wanted === null)
    told.push({
      about: formatId("account", whoAmI(client).accountId),
      title: "this account",
      notices: await accountNotices(client),
    })
  for (const meetingId of wanted === null ? meetingsOf(client) : [wanted]) {
    try {
      const log = await readMeeting(client, meetingId)
      const notices = await meetingNotices(client, log)
      told.push({ about: formatId("meeting", meetingId), title: log.current.title, notices })
    } catch (error) {
      // One that can't be read hides no other.
      if (!isArchiveError(error) || wanted !== null || context.signal.aborted) throw error
      failed.push({ meeting: formatId("meeting", meetingId), code: error.code, message: error.message })
    }
  }
  const all = told.flatMap(({ about, title, notices }) => notices.map((notice) => ({ about, title, notice })))
  context.output.result(
    {
      notices: all.map(({ about, notice }) => noticeDocument(about, notice)),
      notRead: failed.map(({ meeting, code, message }) => ({ meeting, error: { code, message } })),
    },
    [
      ...(all.length === 0 ? ["The operator tells of no request of an authority."] : []),
      ...all.flatMap(({ about, title, notice }) => noticeLines(about, title, notice)),
      ...failed.map(({ meeting, message }) => `${meeting}  could not be asked about: ${message}`),
    ],
  )
  const [first] = failed.filter(({ code }) => code !== "gone")
  return first === undefined ? EXIT.done : EXIT_CODES[first.code]
}

function meetingsOf(client: Client): readonly MeetingId[] {
  return client.state.current.meetings.map(({ meetingHash }) => idOfHash("meeting", meetingHash))
}

export function noticeDocument(about: string, notice: Notice): object {
  return {
    about,
    case: formatId("case", notice.case),
    kind: notice.kind,
    openedOn: dateOfDay(notice.openedDay),
    toldFrom: dateOfDay(notice.noticeDay),
    steps: notice.steps.map((step) => ({
      action: step.action,
      on: dateOfDay(step.day),
      whole: step.isWhole,
      assets: step.assets.map((asset) => formatId("asset", asset)),
      assetCount: step.assetCount,
      uploadedFrom: step.fromDay === null ? null : dateOfDay(step.fromDay),
      uploadedTo: step.toDay === null ? null : dateOfDay(step.toDay),
      until: step.untilDay === null ? null : dateOfDay(step.untilDay),
      tagManifestSha512: step.tagManifestSha512 === null ? null : toHex(step.tagManifestSha512),
    })),
  }
}

const KINDS: Readonly<Record<Notice["kind"], string>> = {
  preserve: "to keep it",
  produce: "to hand it over",
  "erase-objection": "not to erase it",
  emergency: "to hand it over, in an emergency",
}

export function noticeLines(about: string, title: string, notice: Notice): readonly string[] {
  const late =
    notice.noticeDay > notice.openedDay ? `; it could not be told of before ${dateOfDay(notice.noticeDay)}` : ""
  return [
    `${about}  ${title}: on ${dateOfDay(notice.openedDay)} the operator noted that an authority asked ${KINDS[notice.kind]} (${formatId("case", notice.case)})${late}`,
    ...notice.steps.map((step) => `  ${dateOfDay(step.day)}  ${stepText(step)}`),
  ]
}

function stepText(step: NoticeStep): string {
  const what = step.isWhole ? "all of it" : step.assetCount === 1 ? "one file of it" : `${step.assetCount} files of it`
  const { fromDay, toDay } = step
  const days =
    fromDay === null && toDay === null
      ? ""
      : `, as far as uploaded ${fromDay === null ? "" : `from ${dateOfDay(fromDay)} `}${toDay === null ? "on" : `to ${dateOfDay(toDay)}`}`
  switch (step.action) {
    case "hold":
      return `${what}${days} is kept, also what is deleted meanwhile${step.untilDay === null ? "" : `, until the end of ${dateOfDay(step.untilDay)}`}`
    case "release":
      return `${what} is not kept any more: what was deleted meanwhile goes`
    case "produce":
      return `${what}${days} was handed over, as ciphertext${step.tagManifestSha512 === null ? "" : `: SHA-512 of its tag manifest ${toHex(step.tagManifestSha512)}`}`
    case "close":
      return "the request was closed"
  }
}
