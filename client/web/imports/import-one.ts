import { IMPORT_MEDIA_TYPE } from "../../../shared/protocol/import-record.js"
import type { MeetingId } from "../../../shared/protocol/ids.js"
import type { Client } from "../../sdk/client.js"
import { findImported, type ImportSearch, type KnownImport } from "../../sdk/imports/find-imported.js"
import type { Platform } from "../../sdk/imports/plan.js"
import { importRecords, type ReadyImport } from "../../sdk/imports/ready.js"
import { readMeeting } from "../../sdk/meetings.js"
import type { UploadManager } from "../uploads/upload-manager.js"
import { hashFile } from "./hash-file.js"

/**
 * Begins the upload of what is imported: it goes on by itself.
 * @returns what is there already, by this account or as somebody else says: then nothing is done; `null` where it was begun.
 * @throws {@link ArchiveError} `changed` where the file can't be read; as `readMeeting`.
 */
export async function importOne({
  client,
  manager,
  meetingId,
  platform,
  file,
  ready,
  search,
  signal,
  onProgress,
}: {
  readonly client: Client
  readonly manager: UploadManager
  readonly meetingId: MeetingId
  readonly platform: Platform
  readonly file: File
  readonly ready: ReadyImport
  /** For {@link findImported}: one for all files of a folder. */
  readonly search: ImportSearch
  readonly signal: AbortSignal
  readonly onProgress: (doneBytes: number) => void
}): Promise<KnownImport | null> {
  onProgress(0)
  const sha256 = await hashFile(file, onProgress, signal)
  const log = await readMeeting(client, meetingId)
  const known = await findImported(client, log, sha256, signal, search)
  if (known !== null) return known
  const records = importRecords(platform, ready, { sha256, importedAtMs: client.clock.nowMs() })
  const { title, capturedAtMs, beside } = ready
  await manager.addImport(meetingId, {
    file,
    title,
    capturedAtMs,
    beside: [
      ...beside.captions.map(({ mediaType, bytes }) => ({ role: "captions" as const, mediaType, bytes })),
      ...records.map((bytes) => ({ role: "import" as const, mediaType: IMPORT_MEDIA_TYPE, bytes })),
    ],
  })
  return null
}
