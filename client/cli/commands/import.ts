import { join } from "node:path"
import type { Command } from "commander"
import { ArchiveError, isArchiveError } from "../../../shared/protocol/errors.js"
import { formatId } from "../../../shared/protocol/ids.js"
import type { ImportClock } from "../../../shared/protocol/import-record.js"
import { parseBbbMetadata } from "../../sdk/imports/bbb.js"
import { formatOffset, parseOffset } from "../../sdk/imports/chat-clock.js"
import {
  BBB_METADATA,
  type ImportPlan,
  type LeftOut,
  planImport,
  type PlannedRecording,
  type Platform,
  PLATFORMS,
} from "../../sdk/imports/plan.js"
import type { ReadyImport } from "../../sdk/imports/ready.js"
import { decodeSourceText } from "../../sdk/imports/source-text.js"
import { readId } from "../arguments.js"
import type { CommandContext } from "../context.js"
import { accountOf } from "../describe.js"
import { EXIT } from "../exit-codes.js"
import { leftOutText } from "../import/left-out-text.js"
import { AGAIN_FLAG, importOne, type ImportRun, knownText, lookInto } from "../import/import-one.js"
import { readSmallFile, scanFolder, type ScannedFolder } from "../import/scan-folder.js"
import type { Action } from "../main.js"
import { findFfmpeg } from "../media/ffmpeg.js"
import { PATIENCE_MS } from "./upload.js"

interface ImportFlags {
  readonly chatOffset?: string
  readonly withAudio?: boolean
  readonly dryRun?: boolean
  readonly notRenewed?: boolean
  readonly again?: boolean
}

const DESCRIPTIONS: Record<Platform, string> = {
  zoom: "folders as Zoom makes them: videos, sound, chats, transcripts, lists of participants",
  bbb: "the folder of a recording that a BigBlueButton server published",
  folder: "any videos and sound, with the .vtt, .srt and .txt of the same name beside each",
}
const PLATFORM_NAMES: Record<Platform, string> = { zoom: "Zoom", bbb: "BigBlueButton", folder: "a folder" }
const METADATA_LIMIT_BYTES = 1024 * 1024

export function addImportCommands(program: Command, run: (action: Action) => Promise<void>): void {
  const group = program
    .command("import")
    .description("bring in what was recorded elsewhere, sealed on the way, and labelled as such")
  for (const platform of PLATFORMS)
    group
      .command(`${platform} <meeting> <folder>`)
      .description(`${DESCRIPTIONS[platform]}. Called again, it imports what is missing`)
      .option(
        "--chat-offset <time>",
        "what is added to the chat's times to have them from the recording's start: [+|-][[h:]m:]s",
      )
      .option("--with-audio", "import sound also where the same is there with a picture")
      .option("--dry-run", "say what would be imported, and import nothing")
      .option(...AGAIN_FLAG)
      .option("--not-renewed", "although no admin has vouched for the meeting's members in the last 30 days")
      .addHelpText("after", `\nExample:\n  taciturn import ${platform} mtg_… ~/recordings --dry-run`)
      .action(async (meeting: string, folder: string, flags: ImportFlags) => {
        await run(async (context) => await importFolder(context, platform, meeting, folder, flags))
      })
}

/** What became of one recording, in JSON. */
interface Outcome {
  readonly title: string
  readonly files: readonly string[]
  readonly state: "imported" | "known" | "planned" | "failed"
  readonly recording: string | null
  /** Who imported it before. */
  readonly importedBy: string | null
  readonly captions: number
  readonly people: number
  readonly chat: {
    readonly lines: number
    readonly unread: number
    /** What is added to its times; `null` where nothing tells. */
    readonly offset: string | null
    readonly basis: ImportClock["basis"] | null
  } | null
  readonly error?: { readonly code: string; readonly message: string; readonly retryable: boolean }
}

interface ToldOutcome {
  readonly outcome: Outcome
  /** Behind its title. */
  readonly said: string
}

async function importFolder(
  context: CommandContext,
  platform: Platform,
  meeting: string,
  folder: string,
  flags: ImportFlags,
): Promise<number> {
  const meetingId = readId("meeting", meeting)
  const givenOffsetMs = readOffset(flags.chatOffset)
  const scanned = await scanFolder(folder)
  const metadata = await readMetadata(platform, scanned)
  const plan = planImport(platform, metadata?.title ?? scanned.name, scanned.files, {
    withAudio: flags.withAudio === true,
    startedMs: metadata?.startedMs ?? null,
  })
  const leftOut: LeftOut[] = [...scanned.leftOut, ...plan.leftOut]
  assertOneChat(plan, givenOffsetMs)
  const client = await context.openClient({ patienceMs: PATIENCE_MS })
  const ffmpeg = await findFfmpeg(context.config, context.signal)
  const { notRenewed } = flags
  const run: ImportRun = {
    context,
    client,
    meetingId,
    platform,
    root: scanned.root,
    ffmpeg,
    givenOffsetMs,
    notRenewed,
    known: new Map(),
    isAgain: flags.again === true,
  }
  const outcomes: ToldOutcome[] = []
  for (const [index, planned] of plan.recordings.entries()) {
    context.output.progress(`${index + 1} of ${plan.recordings.length}: ${planned.title}`)
    const { ready, ...found } = await lookInto(run, planned)
    if (ready !== null) outcomes.push(await outcomeOf(run, ready, planned, leftOut, flags.dryRun === true))
    leftOut.push(...found.leftOut)
  }
  context.output.progress(null)
  const failed = outcomes.some(({ outcome }) => outcome.state === "failed")
  context.output.result(
    {
      meeting,
      source: platform,
      recordings: outcomes.map(({ outcome }) => outcome),
      leftOut: leftOut.map((file) => ({ file: file.path, reason: leftOutText(file) })),
    },
    [
      ...outcomes.flatMap((outcome) => outcomeLines(platform, outcome)),
      ...leftOut.map((file) => `not imported: ${file.path}: ${leftOutText(file)}`),
      ...(outcomes.length === 0 ? ["There is nothing here that could be imported."] : []),
    ],
  )
  return failed || outcomes.length === 0 ? EXIT.failed : EXIT.done
}

async function outcomeOf(
  run: ImportRun,
  ready: ReadyImport,
  planned: PlannedRecording,
  leftOut: LeftOut[],
  isDry: boolean,
): Promise<ToldOutcome> {
  const { beside, title } = ready
  const chatOf = (clock: ImportClock | null): Outcome["chat"] =>
    planned.chats.length === 0
      ? null
      : {
          lines: beside.lineCount,
          unread: beside.unreadCount,
          offset: clock === null ? null : formatOffset(0 - clock.startMs),
          basis: clock?.basis ?? null,
        }
  const common = {
    title,
    recording: null,
    importedBy: null,
    files: filesOf(planned),
    captions: beside.captions.reduce((sum, { cues }) => sum + cues, 0),
    people: beside.people.length,
  }
  for (const note of beside.notes) run.context.output.note(note)
  if (isDry) return { outcome: { ...common, state: "planned", chat: chatOf(beside.clock) }, said: "would be imported" }
  try {
    const { recordingId, known, clock, ...found } = await importOne(run, ready)
    leftOut.push(...found.leftOut)
    for (const note of found.notes) run.context.output.note(note)
    const recording = formatId("recording", recordingId)
    const imported = { ...common, recording, chat: chatOf(clock) }
    return known === null
      ? { outcome: { ...imported, state: "imported" }, said: "imported" }
      : {
          outcome: { ...imported, state: "known", importedBy: accountOf(known.importedBy) },
          said: knownText(run.client, known),
        }
  } catch (error) {
    if (isArchiveError(error) && error.code === "not-renewed")
      throw new ArchiveError(error.code, `${error.message}, or give --not-renewed`, { cause: error })
    // What one recording can't be had for is no reason to leave the others; what all need is.
    if (!isArchiveError(error) || run.context.signal.aborted || error.retryable || error.code === "not-authorised")
      throw error
    const { code, message, retryable } = error
    return {
      outcome: { ...common, state: "failed", chat: chatOf(beside.clock), error: { code, message, retryable } },
      said: `failed: ${message}`,
    }
  }
}

function filesOf({ media, captions, chats, participants }: PlannedRecording): readonly string[] {
  return [...(media === null ? [] : [media]), ...captions, ...chats, ...participants].map(({ path }) => path)
}

function outcomeLines(platform: Platform, { outcome, said }: ToldOutcome): readonly string[] {
  const { chat, recording, state } = outcome
  const counts = [
    ...(outcome.captions > 0 ? [`${outcome.captions} captions`] : []),
    ...(outcome.people > 0 ? [`${outcome.people} people`] : []),
  ]
  return [
    `${recording === null ? "" : `${recording}  `}${outcome.title}: ${said}`,
    `    of ${outcome.files.join(", ")}`,
    ...(counts.length === 0 ? [] : [`    ${counts.join(", ")}`]),
    ...(chat === null ? [] : [`    chat: ${chatText(chat)}`]),
    ...(state === "imported"
      ? [`    labelled as imported by you; ${PLATFORM_NAMES[platform]} may have held plaintext`]
      : []),
  ]
}

const BASES = {
  recording: "its times count from the recording's start",
  wall: "its times are a clock's on the wall",
  given: "as --chat-offset says",
} as const

function chatText({ lines, unread, offset, basis }: NonNullable<Outcome["chat"]>): string {
  const count = `${lines} lines${unread === 0 ? "" : `, of which ${unread} could not be read and are kept as they are`}`
  return basis === null || offset === null
    ? `${count}; nothing tells where in the recording they belong: give --chat-offset`
    : `${count}; offset ${offset} (${BASES[basis]})`
}

function readOffset(text: string | undefined): number | null {
  if (text === undefined) return null
  const offsetMs = parseOffset(text)
  if (offsetMs === null)
    throw new ArchiveError(
      "usage",
      "--chat-offset takes a time as -1:02:03, +90 or 12.5, in hours, minutes and seconds",
    )
  return offsetMs
}

/** One offset is one chat's. */
function assertOneChat({ recordings }: ImportPlan, givenOffsetMs: number | null): void {
  const chats = recordings.filter((planned) => planned.chats.length > 0).length
  if (givenOffsetMs !== null && chats !== 1)
    throw new ArchiveError(
      "usage",
      `--chat-offset is for the chat of one recording, and ${chats === 0 ? "there is no chat here" : `there are ${chats} here: give the folder of one`}`,
    )
}

/** What a BigBlueButton folder says of itself; `null` where it does not. */
async function readMetadata(
  platform: Platform,
  { root, files }: ScannedFolder,
): Promise<ReturnType<typeof parseBbbMetadata> | null> {
  const metadata = files.find(({ path }) => path === BBB_METADATA)
  if (platform !== "bbb" || metadata === undefined) return null
  const raw = await readSmallFile(join(root, metadata.path), METADATA_LIMIT_BYTES).catch(() => null)
  return raw === null ? null : parseBbbMetadata(decodeSourceText(raw).text)
}
