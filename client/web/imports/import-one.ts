import { IMPORT_MEDIA_TYPE } from "../../../shared/protocol/import-record.js"
import type { MeetingId } from "../../../shared/protocol/ids.js"
import type { Client } from "../../sdk/client.js"
import { findImported, type KnownImport } from "../../sdk/imports/find-imported.js"
import type { Platform } from "../../sdk/imports/plan.js"
import { importRecords, type ReadyImport } from "../../sdk/imports/ready.js"
import { readMeeting } from "../../sdk/meetings.js"
import type { UploadManager } from "../uploads/upload-manager.js"
import { hashFile } from "./hash-file.js"

/**
 * Begins the upload of what is imported: it goes on by itself.
 * @returns false where somebody imported the same file into this meeting before; then nothing is done.
 * @throws {@link ArchiveError} `changed` where the file can't be read; as `readMeeting`.
 */
export async function importOne({
  client,
  manager,
  meetingId,
  platform,
  file,
  ready,
  known,
  signal,
  onProgress,
}: {
  readonly client: Client
  readonly manager: UploadManager
  readonly meetingId: MeetingId
  readonly platform: Platform
  readonly file: File
  readonly ready: ReadyImport
  /** As for {@link findImported}: one for all files of a folder. */
  readonly known: Map<string, KnownImport | null>
  readonly signal: AbortSignal
  readonly onProgress: (doneBytes: number) => void
}): Promise<boolean> {
  onProgress(0)
  const sha256 = await hashFile(file, onProgress, signal)
  const log = await readMeeting(client, meetingId)
  if ((await findImported(client, log, sha256, signal, known)) !== null) return false
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
  return true
}
