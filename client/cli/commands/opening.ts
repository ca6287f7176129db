import { randomBytes } from "node:crypto"
import { lstat, open, rename, rm } from "node:fs/promises"
import { dirname, join, resolve } from "node:path"
import type { Command } from "commander"
import { ArchiveError } from "../../../shared/protocol/errors.js"
import { formatId, type MeetingId } from "../../../shared/protocol/ids.js"
import type { OpeningSubject } from "../../../shared/protocol/notes.js"
import type { OpenedPart } from "../../../shared/protocol/opening.js"
import type { Client } from "../../sdk/client.js"
import { fsyncFolder } from "../../sdk/node/files.js"
import { makeEventOpening, openableEvent } from "../../sdk/openings/event-opening.js"
import { makeOpening, noteOpening } from "../../sdk/openings/make-opening.js"
import { makeMessageOpening, type MessageChoice, openableMessages } from "../../sdk/openings/message-opening.js"
import { readTime } from "../../sdk/openings/time-of.js"
import { findRecording } from "../../sdk/recordings.js"
import { clock } from "../../verifier/words.js"
import { readId, readMoment } from "../arguments.js"
import { confirm } from "../confirm.js"
import type { CommandContext } from "../context.js"
import type { Action } from "../main.js"
import { eventDisclosure, messagesDisclosure, recordingDisclosure } from "../opening-text.js"
import { formatSize } from "../output.js"
import { createMeter } from "../progress.js"

type Run = (action: Action) => Promise<void>

interface MakeFlags {
  readonly output: string
  readonly force?: boolean
  readonly note?: boolean
  readonly yes?: boolean
}

interface RecordingFlags extends MakeFlags {
  readonly from?: string
  readonly to?: string
  /** False by `--no-bytes`. */
  readonly bytes: boolean
}

interface MessagesFlags extends MakeFlags {
  readonly ids?: readonly string[]
  readonly from?: string
  readonly to?: string
}

/** Opens a chosen part for somebody else, with proof. */
export function addOpeningCommands(program: Command, run: Run): void {
  const make = program
    .command("opening")
    .description("open a chosen part for somebody who is not in the meeting, with proof of who archived it")
    .command("make")
    .description("make a file that opens exactly what you choose; it says first what it shows beside that")
  withCommonOptions(
    make
      .command("recording <recording>")
      .description("some minutes of a recording, or all of it")
      .option("--from <time>", "where the part begins, such as 90, 1:30 or 1:02:03.5; from the key frame before")
      .option("--to <time>", "where it ends")
      .option(
        "--no-bytes",
        "leave the sealed bytes out: whoever verifies it needs an operator's production that has them",
      ),
  )
    .addHelpText(
      "after",
      "\nExample:\n  taciturn opening make recording rec_… --from 12:30 --to 14:00 -o for-the-court.opening\n  taciturn verify for-the-court.opening -o part.mp4",
    )
    .action(async (id: string, flags: RecordingFlags) => {
      await run(async (context) => {
        await makeOfRecording(context, id, flags)
        return undefined
      })
    })
  withCommonOptions(
    make
      .command("messages <meeting>")
      .description("messages of a meeting's chat: by their ids, or those of a time; never their neighbours")
      .option("--ids <message...>", "which messages, as `chat list` names them")
      .option(
        "--from <moment>",
        "or those from then on, such as 2026-03-02 or 2026-03-02T10:15, in UTC, by their authors' clocks",
      )
      .option("--to <moment>", "until before then"),
  )
    .addHelpText(
      "after",
      "\nExample:\n  taciturn opening make messages mtg_… --ids msg_… msg_… -o agreed.opening\n  taciturn opening make messages mtg_… --from 2026-03-02T10:00 --to 2026-03-02T11:00 -o that-hour.opening",
    )
    .action(async (id: string, flags: MessagesFlags) => {
      await run(async (context) => {
        await makeOfMessages(context, id, flags)
        return undefined
      })
    })
  withCommonOptions(
    make
      .command("event <meeting> <seq>")
      .description("chosen fields of one event of a meeting's log, such as who was admitted; never the others")
      .requiredOption("--field <name...>", "which fields; a wrong name lists those that there are"),
  )
    .addHelpText("after", "\nExample:\n  taciturn opening make event mtg_… 3 --field roster -o admitted.opening")
    .action(async (id: string, seq: string, flags: MakeFlags & { readonly field: readonly string[] }) => {
      await run(async (context) => {
        await makeOfEvent(context, id, seq, flags)
        return undefined
      })
    })
}

export function addVerifyCommand(program: Command, run: Run): void {
  program
    .command("verify <opening>")
    .description("check an opening that somebody gave you, and take out what it opens. Needs no account and no network")
    .option("-o, --output <file>", "where what is opened goes; otherwise it is only checked")
    .option(
      "--production <folder>",
      "an operator's production: its log, and its sealed bytes where the opening has none",
    )
    .option("--force", "replace an existing file")
    .addHelpText("after", "\nExample:\n  taciturn verify for-the-court.opening -o part.mp4")
    .action(
      async (
        path: string,
        flags: { readonly output?: string; readonly production?: string; readonly force?: boolean },
      ) => {
        await run(async ({ output, signal }) => {
          const { verifyOpeningFile } = await import("../../verifier/node/verify-file.js")
          const { report, file } = await verifyOpeningFile(path, {
            out: flags.output,
            production: flags.production,
            force: flags.force,
            signal,
            onProgress: (done, total) => {
              output.progress(`verified ${done} of ${total} segments`)
            },
          })
          output.result({ ...report.document, file }, [
            ...report.lines,
            ...(file === null ? [] : [`Written to ${file}`]),
          ])
          return undefined
        })
      },
    )
}

function withCommonOptions(command: Command): Command {
  return command
    .requiredOption("-o, --output <file>", "where the opening goes")
    .option("--force", "replace an existing file")
    .option("--note", "tell the meeting's members, signed, what you opened; otherwise nobody is told")
    .option("--yes", "don't ask")
}

async function makeOfRecording(context: CommandContext, id: string, flags: RecordingFlags): Promise<void> {
  const recordingId = readId("recording", id)
  const part = readPart(flags)
  await assertFree(resolve(flags.output), flags.force === true)
  const client = await context.openClient()
  const recording = await findRecording(client, recordingId)
  const { planOpening } = await import("../../sdk/openings/plan-opening.js")
  const plan = await planOpening(client, recording, part, {
    signal: context.signal,
    onProgress: (fraction) => {
      context.output.progress(`looking which bytes these minutes need: ${Math.floor(fraction * 100)} %`)
    },
  })
  const disclosure = recordingDisclosure(plan)
  await agree(context, disclosure, flags)
  const meter = createMeter()
  const bytes = makeOpening(client, plan, {
    isCarried: flags.bytes,
    signal: context.signal,
    onProgress: (done, total) => {
      const line = meter(done, total)
      if (line !== null) context.output.progress(line)
    },
    onWait: (error, waitMs) => {
      context.output.progress(`waiting ${Math.ceil(waitMs / 1_000)} s, ${error.message}`)
    },
  })
  const subject: OpeningSubject = { of: "recording", recordingId, part }
  const written = await writeOpening(context, client, bytes, flags, { meetingId: recording.log.meetingId, subject })
  const { extracted, openedSegments, segments } = plan
  context.output.result({ recording: id, ...written, part, extracted, openedSegments, segments, reveals: disclosure }, [
    ...(part === null
      ? [`${written.file}  ${formatSize(written.sizeBytes)}  opens all of the recording`]
      : [
          `${written.file}  ${formatSize(written.sizeBytes)}  opens ${clock(extracted?.startMs ?? part.fromMs)} to ${clock(extracted?.endMs ?? part.toMs)}`,
        ]),
    ...closing(written.isNoted),
  ])
}

async function makeOfEvent(
  context: CommandContext,
  id: string,
  seqText: string,
  flags: MakeFlags & { readonly field: readonly string[] },
): Promise<void> {
  const meetingId = readId("meeting", id)
  if (!/^\d{1,9}$/.test(seqText)) throw new ArchiveError("usage", "an event is named by its number in the log, from 0")
  const seq = Number(seqText)
  await assertFree(resolve(flags.output), flags.force === true)
  const client = await context.openClient()
  const openable = await openableEvent(client, meetingId, seq)
  const bytes = await makeEventOpening(client, openable, flags.field)
  const disclosure = eventDisclosure(openable, flags.field)
  await agree(context, disclosure, flags)
  const subject: OpeningSubject = { of: "event", seq, names: [...new Set(flags.field)] }
  const written = await writeOpening(context, client, one(bytes), flags, { meetingId, subject })
  context.output.result({ seq, fields: subject.names, ...written, reveals: disclosure }, [
    `${written.file}  ${formatSize(written.sizeBytes)}  opens ${subject.names.join(", ")} of event ${seq}`,
    ...closing(written.isNoted),
  ])
}

async function makeOfMessages(context: CommandContext, id: string, flags: MessagesFlags): Promise<void> {
  const meetingId = readId("meeting", id)
  const choice = readChoice(flags)
  await assertFree(resolve(flags.output), flags.force === true)
  const client = await context.openClient()
  const openable = await openableMessages(client, meetingId, choice, { signal: context.signal })
  const bytes = await makeMessageOpening(client, openable)
  const disclosure = messagesDisclosure(openable)
  await agree(context, disclosure, flags)
  const ids = openable.messages.map(({ message }) => message.messageId)
  const subject: OpeningSubject = { of: "messages", ids }
  const written = await writeOpening(context, client, one(bytes), flags, { meetingId, subject })
  context.output.result(
    { messages: ids.map((message) => formatId("message", message)), ...written, reveals: disclosure },
    [
      `${written.file}  ${formatSize(written.sizeBytes)}  opens ${ids.length === 1 ? "one message" : `${ids.length} messages`}`,
      ...closing(written.isNoted),
    ],
  )
}

function readChoice({ ids, from, to }: MessagesFlags): MessageChoice {
  if (ids !== undefined && from === undefined && to === undefined)
    return { ids: ids.map((id) => readId("message", id)) }
  if (ids !== undefined || from === undefined || to === undefined)
    throw new ArchiveError("usage", "give either --ids, or a beginning and an end by --from and --to")
  const choice = { fromMs: readMoment(from), untilMs: readMoment(to) }
  if (choice.fromMs >= choice.untilMs) throw new ArchiveError("usage", "that time ends before it begins")
  return choice
}

function readPart({ from, to }: RecordingFlags): OpenedPart | null {
  if (from === undefined && to === undefined) return null
  if (from === undefined || to === undefined)
    throw new ArchiveError("usage", "a part has a beginning and an end: give --from and --to, or neither for all of it")
  const part = { fromMs: readTime(from), toMs: readTime(to) }
  if (part.fromMs >= part.toMs) throw new ArchiveError("usage", "the part ends before it begins")
  return part
}

async function agree(context: CommandContext, disclosure: readonly string[], flags: MakeFlags): Promise<void> {
  for (const line of disclosure) context.output.note(line)
  context.output.note(
    flags.note === true
      ? "The members of the meeting are told that you opened it, signed by this device."
      : "Nobody in the meeting is told; --note tells them.",
  )
  await confirm(context, "Make it?", { name: "--yes", isGiven: flags.yes === true })
}

function closing(isNoted: boolean): readonly string[] {
  return [
    "Whoever gets the file can pass it on, and nobody can take it back. It is checked by `taciturn verify`, or by verify.mjs alone.",
    isNoted ? "The meeting's members were told." : "The meeting's members were not told.",
  ]
}

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes)
}

/** The file gets its name once it is whole, and once the members were told, where they are to be: so no opening is noted less than was asked. */
async function writeOpening(
  context: CommandContext,
  client: Client,
  bytes: AsyncIterable<Uint8Array>,
  flags: MakeFlags,
  told: { readonly meetingId: MeetingId; readonly subject: OpeningSubject },
): Promise<{ readonly file: string; readonly sizeBytes: number; readonly meeting: string; readonly isNoted: boolean }> {
  const path = resolve(flags.output)
  const partial = join(dirname(path), `.opening-${randomBytes(8).toString("hex")}.partial`)
  const handle = await open(partial, "wx", 0o600).catch((cause: unknown) => {
    throw new ArchiveError("usage", `nothing can be written in ${dirname(path)}`, { cause })
  })
  let sizeBytes = 0
  try {
    for await (const portion of bytes) {
      await handle.appendFile(portion)
      sizeBytes += portion.length
    }
    await handle.datasync()
    if (flags.note === true) await noteOpening(client, told.meetingId, told.subject)
    await assertFree(path, flags.force === true)
    await rename(partial, path)
    await fsyncFolder(dirname(path))
  } catch (error) {
    await rm(partial, { force: true })
    throw error
  } finally {
    await handle.close()
    context.output.progress(null)
  }
  return { file: path, sizeBytes, meeting: formatId("meeting", told.meetingId), isNoted: flags.note === true }
}

async function assertFree(path: string, mayReplace: boolean): Promise<void> {
  const existing = await lstat(path).catch(() => null)
  if (existing === null || (mayReplace && existing.isFile())) return
  throw new ArchiveError("exists", `${path} exists: give --force to replace it, or -o another`)
}
