import { readdir } from "node:fs/promises"
import { join } from "node:path"
import type { Command } from "commander"
import { equalBytes } from "../../../shared/protocol/bytes.js"
import { ArchiveError, isArchiveError } from "../../../shared/protocol/errors.js"
import { formatId } from "../../../shared/protocol/ids.js"
import { openJournalFolder } from "../../sdk/node/journal-folder.js"
import { withLock } from "../../sdk/node/lock.js"
import type { Journal, JournalStore } from "../../sdk/upload/journal.js"
import { abandonUpload, describeUpload, type UnfinishedUpload } from "../../sdk/upload/unfinished.js"
import { readId } from "../arguments.js"
import type { CommandContext } from "../context.js"
import { purgeDocument, purgeLine } from "../describe.js"
import { uploadsFolder } from "../home.js"
import type { Action } from "../main.js"
import { formatSize } from "../output.js"

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
    .command("cancel <recording>")
    .description("give one up, at the server and here; nothing of it was published")
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

async function list(context: CommandContext): Promise<void> {
  const client = await context.openClient()
  const { found, unreadable } = await findJournals(context)
  const uploads = []
  for (const { journal } of found) uploads.push(describe(await describeUpload(client, journal)))
  context.output.result({ uploads, unreadable }, [
    ...uploads.flatMap(({ recording, meeting, title, state, sentBytes, totalBytes }) => [
      `${recording}  ${title}, to ${meeting}: ${sentBytes === null ? "the server could not be asked" : `sent ${formatSize(sentBytes)}`}${totalBytes === null ? "" : ` of ${formatSize(totalBytes)}`}`,
      `  ${adviceOn(state)}, or \`taciturn uploads cancel ${recording}\``,
    ]),
    ...unreadable.map((folder) => `${folder} can't be read: remove that folder to begin anew`),
    ...(uploads.length + unreadable.length === 0 ? ["No upload is unfinished."] : []),
  ])
}

function describe({ recordingId, meetingId, ...rest }: UnfinishedUpload) {
  return { recording: formatId("recording", recordingId), meeting: formatId("meeting", meetingId), ...rest }
}

function adviceOn(state: UnfinishedUpload["state"]): string {
  switch (state) {
    case "sending":
      return "`taciturn upload` with the same file goes on from there"
    case "stored":
      return "all is stored; `taciturn upload` with the same file publishes it"
    case "lost":
      return "the server has no more what it had stored: begin anew after a cancel"
  }
}

async function cancel(context: CommandContext, id: string): Promise<void> {
  const recordingId = readId("recording", id)
  const client = await context.openClient()
  const { found } = await findJournals(context)
  const chosen = found.find(({ journal }) => equalBytes(journal.recordingId, recordingId))
  if (chosen === undefined)
    throw new ArchiveError("not-found", `${id} is no unfinished upload of this device: see \`taciturn uploads list\``)
  const { folder, store, journal } = chosen
  const purgeDay = await withLock(folder, async () => await abandonUpload(client, store, journal), { wait: false })
  context.output.result({ recording: id, ...purgeDocument(purgeDay) }, [
    `${id} is given up: nothing of it was published.`,
    purgeDay === null ? "The server removes what was sent of it now." : purgeLine(purgeDay),
  ])
}

/** Folders without a journal are of uploads that were not begun. */
async function findJournals(
  context: CommandContext,
): Promise<{ readonly found: readonly FoundJournal[]; readonly unreadable: readonly string[] }> {
  const entries = await readdir(uploadsFolder(context), { withFileTypes: true }).catch((cause: unknown) => {
    if (Reflect.get(cause as object, "code") === "ENOENT") return []
    throw new ArchiveError("unavailable", `${uploadsFolder(context)} can't be read`, { cause, retryable: false })
  })
  const found: FoundJournal[] = []
  const unreadable: string[] = []
  for (const { name } of entries.filter((entry) => entry.isDirectory() && !entry.name.endsWith(".lock"))) {
    const folder = join(uploadsFolder(context), name)
    try {
      const store = await openJournalFolder(folder)
      const journal = await store.load()
      if (journal !== null) found.push({ folder, store, journal })
    } catch (error) {
      if (!isArchiveError(error) || error.code !== "malformed") throw error
      unreadable.push(folder)
    }
  }
  return { found, unreadable }
}
