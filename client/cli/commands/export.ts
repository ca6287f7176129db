import { mkdir } from "node:fs/promises"
import { join, resolve } from "node:path"
import type { Command } from "commander"
import { utf8 } from "../../../shared/protocol/bytes.js"
import { ArchiveError, isArchiveError } from "../../../shared/protocol/errors.js"
import { formatId, idOfHash, type MeetingId } from "../../../shared/protocol/ids.js"
import { adoptKeyring } from "../../sdk/keyring.js"
import { readIfThere, writeDurably } from "../../sdk/node/files.js"
import { withLock } from "../../sdk/node/lock.js"
import { readId } from "../arguments.js"
import type { CommandContext } from "../context.js"
import { accountOf } from "../describe.js"
import { EXIT } from "../exit-codes.js"
import { exportMeeting, type ExportRun } from "../export/export-meeting.js"
import {
  type ExportedMeeting,
  type ExportManifest,
  FIRST_PAGE,
  hashOf,
  MANIFEST,
  parseManifest,
} from "../export/manifest.js"
import { exportPage } from "../export/meeting-page.js"
import { type NotProved, verifyExport } from "../export/verify-export.js"
import type { Action } from "../main.js"
import { PATIENCE_MS } from "./upload.js"

interface ExportFlags {
  readonly all?: boolean
  readonly output?: string
}

export function addExportCommands(program: Command, run: (action: Action) => Promise<void>): void {
  const group = program
    .command("export [meeting]")
    .description(
      "everything that you can open of a meeting, as files: recordings, captions, chat, pages that open without a server, and proofs. It is plaintext: keep it as such. Called again, it fetches what is new",
    )
    .option("--all", "of all meetings")
    .option("-o, --output <folder>", "where to")
    .addHelpText("after", "\nExample:\n  taciturn export mtg_… -o archive\n  taciturn export verify archive")
    .action(async (meeting: string | undefined, flags: ExportFlags) => {
      await run(async (context) => await exportAll(context, meeting, flags))
    })
  group
    .command("verify <folder>")
    .description(
      "check an export: that nothing is missing or changed, and that each recording and message is what its author signed; what nobody vouches for is named. Needs no account and no network",
    )
    .addHelpText("after", "\nExample:\n  taciturn export verify archive")
    .action(async (folder: string) => {
      await run(async (context) => await verify(context, resolve(folder)))
    })
}

async function exportAll(context: CommandContext, meeting: string | undefined, flags: ExportFlags): Promise<number> {
  if ((meeting === undefined) === (flags.all !== true)) throw new ArchiveError("usage", "name a meeting, or give --all")
  // Not for commander to ask for: it would want it of `export verify` too.
  if (flags.output === undefined) throw new ArchiveError("usage", "say with -o where to")
  const only = meeting === undefined ? null : readId("meeting", meeting)
  const root = resolve(flags.output)
  const client = await context.openClient({ patienceMs: PATIENCE_MS })
  await adoptKeyring(client)
  const all = client.state.current.meetings.map(({ meetingHash }) => idOfHash("meeting", meetingHash))
  const wanted: readonly MeetingId[] = only === null ? all : [only]
  await mkdir(root, { recursive: true, mode: 0o700 })
  const account = accountOf(client.state.current.secrets.genesisHash)
  const run: ExportRun = { context, client, root }
  const failed: { readonly meeting: string; readonly code: string; readonly message: string }[] = []
  const manifest = await withLock(
    join(root, MANIFEST),
    async () => {
      let current = await readOwn(root, account)
      const writeList = async (): Promise<void> => {
        await writeDurably(join(root, MANIFEST), utf8(`${JSON.stringify(current, null, 1)}\n`))
      }
      const keep = async (changed: ExportedMeeting): Promise<void> => {
        const others = current.meetings.filter(({ meeting: id }) => id !== changed.meeting)
        current = { ...current, exported: new Date(client.clock.nowMs()).toISOString(), meetings: [...others, changed] }
        await writeList()
      }
      for (const meetingId of wanted) {
        const id = formatId("meeting", meetingId)
        const before = current.meetings.find((known) => known.meeting === id) ?? null
        try {
          await exportMeeting(run, meetingId, before, keep)
        } catch (error) {
          // One meeting that can't be read hides no other.
          if (!isArchiveError(error) || only !== null || context.signal.aborted || error.retryable) throw error
          failed.push({ meeting: id, code: error.code, message: error.message })
        }
      }
      await writeDurably(join(root, FIRST_PAGE), utf8(exportPage(current)))
      current = { ...current, files: [{ path: FIRST_PAGE, ...(await hashOf(join(root, FIRST_PAGE))), proof: null }] }
      await writeList()
      return current
    },
    { wait: false },
  )
  context.output.progress(null)
  const missing = manifest.meetings.flatMap((exported) => exported.missing)
  const former = manifest.meetings.flatMap((exported) => exported.former.map(({ path }) => path))
  const count = (each: (exported: ExportedMeeting) => number): number =>
    manifest.meetings.reduce((sum, exported) => sum + each(exported), 0)
  const totals = {
    meetings: manifest.meetings.length,
    recordings: count(({ recordings }) => recordings.length),
    messages: count(({ messages }) => messages),
  }
  context.output.result({ folder: root, ...totals, former, missing, failed }, [
    `${totals.meetings} meetings, ${totals.recordings} recordings and ${totals.messages} entries of chats are in ${root}.`,
    ...former.map((path) => `no longer of its meeting, and left there: ${path}`),
    ...missing.map(({ what, reason }) => `not exported: ${what}: ${reason}`),
    ...failed.map(({ meeting: id, message }) => `failed: ${id}: ${message}`),
    "Open index.html there in a browser. All of it is plaintext: keep it as such.",
  ])
  return missing.length + failed.length > 0 ? EXIT.failed : EXIT.done
}

/** What an earlier call of the same account wrote there. */
async function readOwn(root: string, account: string): Promise<ExportManifest> {
  const raw = await readIfThere(join(root, MANIFEST))
  if (raw === null) return { version: 1, account, exported: new Date(0).toISOString(), meetings: [], files: [] }
  const manifest = parseManifest(Buffer.from(raw).toString("utf8"))
  if (manifest.account !== account)
    throw new ArchiveError("exists", `${root} holds an export of another account: name another folder`)
  return manifest
}

async function verify(context: CommandContext, folder: string): Promise<number> {
  const { faults, strangers, missing, notProved, provedBy, ...counts } = await verifyExport(
    folder,
    context.signal,
    (path) => {
      context.output.progress(`checking ${path}`)
    },
  )
  context.output.progress(null)
  const isWhole = faults.length + missing.length === 0
  context.output.result({ isWhole, ...counts, provedBy, notProved, missing, faults, strangers }, [
    ...faults.map(({ path, reason }) => `WRONG: ${path}: ${reason}`),
    ...missing.map(({ what, reason }) => `not exported: ${what}: ${reason}`),
    ...strangers.map((path) => `not of the export: ${path}`),
    `${counts.files} files of ${counts.meetings} meetings are as they were exported; ${counts.proved} of them, and ${counts.provedMessages} messages, are just what their author signed:`,
    ...provedBy.map(({ account, files, messages }) => `  ${account}: ${files} files, ${messages} messages`),
    `NOT proved is what ${notProved.length} of them say, nor any title: whoever made the export vouches for these, and nobody else:`,
    ...notProved.map(({ path, why }) => `  ${path}: ${NOT_PROVED[why]}`),
    ...(counts.unprovedLines === 0
      ? []
      : [`  ${counts.unprovedLines} places in chats, where something is missing, closed, or was refused`]),
    ...(faults.length === 0 ? [] : [`${faults.length} are not as they were exported.`]),
  ])
  if (faults.length > 0) return EXIT.integrity
  return isWhole ? EXIT.done : EXIT.failed
}

const NOT_PROVED: Readonly<Record<NotProved["why"], string>> = {
  page: "a page for reading: what it is made from is what is proved",
  import: "what an import says: who said what elsewhere, nobody signed",
  converted: "made from the signed captions beside it",
  former: "kept of an earlier export: its meeting has it no more",
}
