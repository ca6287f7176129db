import { stat } from "node:fs/promises"
import { join, resolve } from "node:path"
import type { Command } from "commander"
import { decodeAssetHeader } from "../../../shared/protocol/asset-header.js"
import { ArchiveError } from "../../../shared/protocol/errors.js"
import { readSentFile } from "../../sdk/chat/files.js"
import { ChatReader } from "../../sdk/chat/read.js"
import { sanitiseFileName } from "../../sdk/saved-name.js"
import { readId } from "../arguments.js"
import { messageOf } from "../chat-target.js"
import type { CommandContext } from "../context.js"
import type { Action } from "../main.js"
import { formatSize } from "../output.js"
import { saveTo } from "./download.js"

interface SaveFlags {
  readonly output?: string
  readonly force?: boolean
}

export function addChatSaveCommand(chat: Command, run: (action: Action) => Promise<void>): void {
  chat
    .command("save <meeting> <message>")
    .description(
      "fetch, verify and open the files of a message. Called again after an interruption, it goes on where it was",
    )
    .option("-o, --output <folder>", "where to; otherwise this folder")
    .option("--force", "replace existing files")
    .addHelpText("after", "\nExample:\n  taciturn chat save mtg_… msg_… -o received")
    .action(async (meeting: string, message: string, flags: SaveFlags) => {
      await run(async (context) => {
        await save(context, meeting, message, flags)
        return undefined
      })
    })
}

async function save(context: CommandContext, meeting: string, id: string, flags: SaveFlags): Promise<void> {
  const meetingId = readId("meeting", meeting)
  const folder = resolve(flags.output ?? ".")
  if ((await stat(folder).catch(() => null))?.isDirectory() !== true)
    throw new ArchiveError("usage", `${folder} is no folder`)
  const client = await context.openClient()
  const reader = await ChatReader.open(client, meetingId)
  const { content } = await messageOf(reader, id)
  const files = content.type === "text" ? content.files : []
  if (files.length === 0) throw new ArchiveError("not-found", `${id} has no files`)
  const saved: { readonly file: string; readonly sizeBytes: number }[] = []
  for (const sent of files) {
    const path = freeName(
      join(folder, sanitiseFileName(sent.fileName)),
      saved.map(({ file }) => file),
    )
    const asset = readSentFile(client, reader.log, sent, {
      onWait: (error, waitMs) => {
        context.output.progress(`waiting ${Math.ceil(waitMs / 1_000)} s, ${error.message}`)
      },
    })
    await saveTo(context, asset, {
      assetId: decodeAssetHeader(sent.rawHeader).assetId,
      range: { start: 0, end: sent.trueBytes - 1 },
      path,
      mayReplace: flags.force === true,
    })
    saved.push({ file: path, sizeBytes: sent.trueBytes })
  }
  context.output.result(
    { meeting, message: id, files: saved },
    saved.map(({ file, sizeBytes }) => `${file}  ${formatSize(sizeBytes)}  verified`),
  )
}

/** A message may have two files of one name. */
function freeName(path: string, taken: readonly string[]): string {
  if (!taken.includes(path)) return path
  for (let n = 2; ; n++) {
    const numbered = path.replace(/(\.[^./]*)?$/, (ending) => ` ${n}${ending}`)
    if (!taken.includes(numbered)) return numbered
  }
}
