import { parseBbbMetadata } from "../../sdk/imports/bbb.js"
import { BBB_METADATA, type FoundFile, type LeftOut, planImport, type Platform } from "../../sdk/imports/plan.js"
import { readBeside, type ReadSmall } from "../../sdk/imports/read-beside.js"
import { readyImport, type ReadyImport } from "../../sdk/imports/ready.js"
import { decodeSourceText } from "../../sdk/imports/source-text.js"
import type { GivenFolder } from "./given-folder.js"
import { mediaLengthMs } from "./media-length.js"

const METADATA_LIMIT_BYTES = 1024 * 1024

export interface LookedInto {
  readonly recordings: readonly ReadyImport[]
  readonly leftOut: readonly LeftOut[]
}

/** What of a folder would be imported, with all that lies beside it read; nothing is sent. */
export async function lookInto(folder: GivenFolder, platform: Platform, withAudio: boolean): Promise<LookedInto> {
  const readSmall: ReadSmall = async ({ path }, limitBytes) => {
    const file = folder.fileAt(path)
    return file.size > limitBytes ? null : new Uint8Array(await file.arrayBuffer())
  }
  const metadata = await readMetadata(folder, platform, readSmall)
  const plan = planImport(platform, metadata?.title ?? folder.name, folder.files, {
    withAudio,
    startedMs: metadata?.startedMs ?? null,
  })
  const leftOut = [...folder.hidden, ...plan.leftOut]
  const recordings: ReadyImport[] = []
  for (const planned of plan.recordings) {
    const lengthMs = planned.media === null ? null : await mediaLengthMs(folder.fileAt(planned.media.path))
    const beside = await readBeside(readSmall, platform, planned, lengthMs, null)
    const ready = readyImport(planned, beside)
    if (ready !== null) recordings.push(ready)
    leftOut.push(...beside.leftOut)
  }
  return { recordings, leftOut }
}

/** What a BigBlueButton folder says of itself; `null` where it does not. */
async function readMetadata(
  { files }: GivenFolder,
  platform: Platform,
  readSmall: ReadSmall,
): Promise<ReturnType<typeof parseBbbMetadata> | null> {
  const metadata: FoundFile | undefined = files.find(({ path }) => path === BBB_METADATA)
  if (platform !== "bbb" || metadata === undefined) return null
  const raw = await readSmall(metadata, METADATA_LIMIT_BYTES).catch(() => null)
  return raw === null ? null : parseBbbMetadata(decodeSourceText(raw).text)
}
