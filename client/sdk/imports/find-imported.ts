import { equalBytes } from "../../../shared/protocol/bytes.js"
import type { RecordingId } from "../../../shared/protocol/ids.js"
import type { ImportClock } from "../../../shared/protocol/import-record.js"
import type { MeetingLog } from "../../crypto/meeting-log.js"
import type { Client } from "../client.js"
import { openRecordingOf } from "../recordings.js"
import { readImported } from "./read-imported.js"

export interface KnownImport {
  readonly recordingId: RecordingId
  readonly clock: ImportClock | null
  /** Of the files that it was made of. */
  readonly hashes: readonly Uint8Array[]
}

/** A recording of the meeting that somebody made of this very file; `null` where nobody did. @throws {@link ArchiveError} as {@link readImported}. */
export async function findImported(
  client: Client,
  log: MeetingLog,
  sha256: Uint8Array,
  signal: AbortSignal,
): Promise<KnownImport | null> {
  for (const recording of log.recordings) {
    const assets = recording.opened?.assets ?? []
    if (recording.withdrawal !== null || !assets.some(({ role }) => role === "import")) continue
    const imported = await readImported(client, openRecordingOf(client, log, recording), signal)
    const main = imported?.files.find(({ sha256: hash }) => equalBytes(hash, sha256))
    if (imported !== null && main !== undefined && main === imported.files[0])
      return {
        recordingId: recording.fields.recordingId,
        clock: imported.clock,
        hashes: imported.files.map((file) => file.sha256),
      }
  }
  return null
}
