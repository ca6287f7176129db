import { readdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import type { Command } from "commander"
import { equalBytes } from "../../../shared/protocol/bytes.js"
import { ArchiveError, isArchiveError } from "../../../shared/protocol/errors.js"
import { formatId } from "../../../shared/protocol/ids.js"
import { decodeImportRecord } from "../../../shared/protocol/import-record.js"
import type { Platform } from "../../sdk/imports/plan.js"
import { openJournalFolder } from "../../sdk/node/journal-folder.js"
import { withLock } from "../../sdk/node/lock.js"
import type { Journal, JournalStore } from "../../sdk/upload/journal.js"
import { abandonUpload, closePublished, describeUpload, type UnfinishedUpload } from "../../sdk/upload/unfinished.js"
import { readId } from "../arguments.js"
import type { CommandContext } from "../context.js"
import { purgeDocument, purgeLine } from "../describe.js"
import { uploadsFolder } from "../home.js"
import type { Action } from "../main.js"
import { formatSize } from "../output.js"

/** As `journalFolder` names them. */
const FOLDER_NAME = /^[0-9a-f]{40}$/

export function addUploadsCommands(program: Command, run: (action: Action) => Promise<void>): void {
  const uploads = program.command("uploads").description("uploads that were begun on this device and not finished")
  uploads
    .command("list")
    .description("how far each is, and what to do with it")
    .addHelpText("after", "\nExample:\n  taciturn uploads list --json")
    .action(async () => {
      await run(async (context) => {
        await list(context)
        return undefined
      })
    })
  uploads
    .command("cancel <upload>")
    .description(
      "give one up, at the server and here; where it was published, what is left of it here is removed. Named as `uploads list` names it",
    )
    .addHelpText("after", "\nExample:\n  taciturn uploads cancel rec_…")
    .action(async (id: string) => {
      await run(async (context) => {
        await cancel(context, id)
        return undefined
      })
    })
}

interface FoundJournal {
  readonly folder: string
  readonly store: JournalStore
  readonly journal: Journal
}

/** Where nothing was sealed or sent yet, and none of it can be read: they are named by their folders' names. */
interface FoundUploads {
  readonly found: readonly FoundJournal[]
  readonly notBegun: readonly string[]
  readonly unreadable: readonly string[]
}

async function list(context: CommandContext): Promise<void> {
  const client = await context.openClient()
  const { found, notBegun, unreadable } = await findUploads(context)
  const uploads = []
  for (const { folder, journal } of found) {
    const source = await sourceOf(folder, journal)
    uploads.push({ ...describe(await describeUpload(client, journal)), source })
  }
  context.output.result({ uploads, notBegun, unreadable }, [
    ...uploads.flatMap(({ recording, meeting, title, state, sentBytes, totalBytes, fileName, source }) => [
      `${recording}  ${title}, to ${meeting}: ${sentBytes === null ? "the server could not be asked" : `sent ${formatSize(sentBytes)}`}${totalBytes === null ? "" : ` of ${formatSize(totalBytes)}`}`,
      `  ${adviceOn(state, callOf(meeting, fileName, source))}, or \`taciturn uploads cancel ${recording}\``,
    ]),
    ...notBegun.flatMap((name) => [
      `${name}  was interrupted while it was prepared: nothing was sent`,
      `  the same command as before begins anew, or \`taciturn uploads cancel ${name}\``,
    ]),
    ...unreadable.flatMap((name) => [
      `${name}  can't be read`,
      `  \`taciturn uploads cancel ${name}\` removes it here`,
    ]),
    ...(uploads.length + notBegun.length + unreadable.length === 0 ? ["No upload is unfinished."] : []),
  ])
}

function describe({ recordingId, meetingId, ...rest }: UnfinishedUpload) {
  return { recording: formatId("recording", recordingId), meeting: formatId("meeting", meetingId), ...rest }
}

/** What was imported, by the name of its source in a record. SPEC.md §8.1. */
const PLATFORMS_OF_SOURCES: Readonly<Record<string, Platform>> = {
  zoom: "zoom",
  bigbluebutton: "bbb",
  folder: "folder",
}

/** What an import was given; `null` for an upload. */
async function sourceOf(folder: string, { assets }: Journal): Promise<Platform | "unknown" | null> {
  if (!assets.some(({ role }) => role === "import")) return null
  try {
    const { source } = decodeImportRecord(new Uint8Array(await readFile(join(folder, "import", "0.cbor"))))
    return PLATFORMS_OF_SOURCES[source] ?? "unknown"
  } catch {
    return "unknown"
  }
}

/** The call that goes on with an upload. */
function callOf(meeting: string, fileName: string | null, source: Platform | "unknown" | null): string {
  if (source !== null)
    return `\`taciturn import ${source === "unknown" ? "…" : source} ${meeting}\` with the same folder${source === "folder" ? ", or `taciturn watch`," : ""}`
  return fileName === null
    ? `\`taciturn upload ${meeting} -\` with the same input`
    : `\`taciturn upload ${meeting}\` with the same file`
}

function adviceOn(state: UnfinishedUpload["state"], call: string): string {
  switch (state) {
    case "sending":
      return `${call} goes on from there`
    case "stored":
      return `all is stored; ${call} publishes it`
    case "lost":
      return "the server has no more what it had stored: begin anew after a cancel"
  }
}

async function cancel(context: CommandContext, id: string): Promise<void> {
  if (FOLDER_NAME.test(id)) {
    await cancelFolder(context, id)
    return
  }
  const recordingId = readId("recording", id)
  const client = await context.openClient()
  const { found } = await findUploads(context)
  const chosen = found.find(({ journal }) => equalBytes(journal.recordingId, recordingId))
  if (chosen === undefined) throw noUpload(id)
  const { folder, store, journal } = chosen
  const purgeDay = await withLock(
    folder,
    async () => {
      try {
        return await abandonUpload(client, store, journal)
      } catch (error) {
        if (!isArchiveError(error) || error.code !== "exists") throw error
        await closePublished(client, store, journal)
        return "published" as const
      }
    },
    { wait: false },
  )
  if (purgeDay === "published")
    context.output.result({ recording: id, isPublished: true, ...purgeDocument(null) }, [
      `${id} was published before it was interrupted: what was left of the upload here is removed.`,
      `It is a recording now, which \`taciturn recording delete ${id}\` deletes.`,
    ])
  else
    context.output.result({ recording: id, isPublished: false, ...purgeDocument(purgeDay) }, [
      `${id} is given up: nothing of it was published.`,
      purgeDay === null ? "The server removes what was sent of it now." : purgeLine(purgeDay),
    ])
}

/** What has no journal that can be read: only what is here can be removed. */
async function cancelFolder(context: CommandContext, name: string): Promise<void> {
  const { notBegun, unreadable } = await findUploads(context)
  if (![...notBegun, ...unreadable].includes(name)) throw noUpload(name)
  const folder = join(uploadsFolder(context), name)
  await withLock(
    folder,
    async () => {
      await (await openJournalFolder(folder)).remove()
    },
    { wait: false },
  )
  context.output.result({ folder: name }, [`${name} is removed.`])
}

function noUpload(name: string): ArchiveError {
  return new ArchiveError("not-found", `${name} is no unfinished upload of this device: see \`taciturn uploads list\``)
}

async function findUploads(context: CommandContext): Promise<FoundUploads> {
  const entries = await readdir(uploadsFolder(context), { withFileTypes: true }).catch((cause: unknown) => {
    if (Reflect.get(cause as object, "code") === "ENOENT") return []
    throw new ArchiveError("unavailable", `${uploadsFolder(context)} can't be read`, { cause, retryable: false })
  })
  const found: FoundJournal[] = []
  const notBegun: string[] = []
  const unreadable: string[] = []
  for (const { name } of entries.filter((entry) => entry.isDirectory() && FOLDER_NAME.test(entry.name))) {
    const folder = join(uploadsFolder(context), name)
    try {
      const store = await openJournalFolder(folder)
      const journal = await store.load()
      if (journal === null) notBegun.push(name)
      else found.push({ folder, store, journal })
    } catch (error) {
      if (!isArchiveError(error) || error.code !== "malformed") throw error
      unreadable.push(name)
    }
  }
  return { found, notBegun, unreadable }
}
