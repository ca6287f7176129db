import { decodeAssetHeader } from "../../../shared/protocol/asset-header.js"
import { ArchiveError, isArchiveError } from "../../../shared/protocol/errors.js"
import { asId, formatId, idOfHash, type MeetingId, type RecordingId } from "../../../shared/protocol/ids.js"
import { storedBytesOfFile } from "../../../shared/protocol/padding.js"
import type { Client } from "../client.js"
import { readMeeting } from "../meetings.js"
import { abandonAsset } from "./abandon-asset.js"
import type { Journal, JournalAsset, JournalStore } from "./journal.js"
import { isPublished, rememberPublished } from "./publish.js"
import { acknowledgedBytes, type UploadHandle } from "./tus.js"

/** Uploads that were begun on this device and not published yet: what their journals and the server know of them. */

export interface UnfinishedUpload {
  readonly recordingId: RecordingId
  readonly meetingId: MeetingId
  readonly title: string
  readonly fileName: string | null
  /** What the server acknowledged, sealed; `null` where it could not be asked. */
  readonly sentBytes: number | null
  /** `null` while a source's length is not known. */
  readonly totalBytes: number | null
  /**
   * `sending`: the same call again goes on with it, or begins anew where the server gave it up; `stored`: all is there but not published, and the same
   * call publishes it; `lost`: the server has not what it gave a receipt for, as it was deleted, and it can only be cancelled.
   */
  readonly state: "sending" | "stored" | "lost"
}

/** @throws {@link ArchiveError} what keeps the journal from being read; a server that is away leaves `sentBytes` unknown. */
export async function describeUpload(client: Client, journal: Journal): Promise<UnfinishedUpload> {
  const found: AssetProgress[] = []
  for (const asset of journal.assets) found.push(await progressOf(handleOf(client, journal, asset), asset))
  const total = journal.assets.map(({ trueBytes }) => (trueBytes === null ? null : storedBytesOfFile(trueBytes)))
  const isAll = journal.assets.every(({ done }) => done !== null)
  return {
    recordingId: asId("recording", journal.recordingId),
    meetingId: idOfHash("meeting", journal.meetingHash),
    title: journal.details.title,
    fileName: journal.details.fileName,
    sentBytes: sumOf(found.map(({ sentBytes }) => sentBytes)),
    totalBytes: sumOf(total),
    state: found.some(({ isLost }) => isLost) ? "lost" : isAll ? "stored" : "sending",
  }
}

/**
 * Gives an upload up: at the server, what is stored of it too, and then here. Again after an interruption it goes on.
 * @returns the purge day of what was stored; `null` where nothing was.
 * @throws {@link ArchiveError} `exists` where it was published: as a recording it is deleted, and {@link closePublished} removes the rest; `unavailable`: then nothing is forgotten here.
 */
export async function abandonUpload(client: Client, store: JournalStore, journal: Journal): Promise<number | null> {
  const meetingId = idOfHash("meeting", journal.meetingHash)
  if (journal.rawEvent !== null && isPublished(await readMeeting(client, meetingId), journal))
    throw new ArchiveError("exists", "this upload is published already: delete the recording instead")
  let purgeDay: number | null = null
  for (const asset of journal.assets) purgeDay = (await abandonAsset(client, meetingId, asset)) ?? purgeDay
  if (journal.live !== null) await abandonAsset(client, meetingId, journal.live)
  await store.remove()
  return purgeDay
}

/** Removes what is left here of an upload whose recording is published, as its last step would have. */
export async function closePublished(client: Client, store: JournalStore, journal: Journal): Promise<void> {
  await rememberPublished(client, journal)
  if (journal.live !== null) await abandonAsset(client, idOfHash("meeting", journal.meetingHash), journal.live)
  await store.remove()
}

interface AssetProgress {
  readonly sentBytes: number | null
  readonly isLost: boolean
}

async function progressOf(handle: UploadHandle, { done }: JournalAsset): Promise<AssetProgress> {
  try {
    return { sentBytes: await acknowledgedBytes(handle), isLost: false }
  } catch (error) {
    if (!isArchiveError(error) || error.code === "interrupted") throw error
    const isThere = error.code !== "gone" && error.code !== "not-found"
    return isThere
      ? { sentBytes: null, isLost: false }
      : { sentBytes: 0, isLost: done !== null || error.code === "gone" }
  }
}

function handleOf({ http }: Client, { meetingHash }: Journal, { rawHeader, uploadSecret }: JournalAsset): UploadHandle {
  const subject = formatId("meeting", idOfHash("meeting", meetingHash))
  return { http, assetId: decodeAssetHeader(rawHeader).assetId, uploadSecret, subject }
}

function sumOf(sizes: readonly (number | null)[]): number | null {
  return sizes.reduce<number | null>((sum, size) => (sum === null || size === null ? null : sum + size), 0)
}
