import { equalBytes, toHex } from "../../../shared/protocol/bytes.js"
import { isArchiveError } from "../../../shared/protocol/errors.js"
import type { RecordingId } from "../../../shared/protocol/ids.js"
import type { ImportClock } from "../../../shared/protocol/import-record.js"
import type { MeetingLog, PublishedRecording } from "../../crypto/meeting-log.js"
import type { Client } from "../client.js"
import { openRecordingOf } from "../recordings.js"
import { readImported } from "./read-imported.js"

export interface KnownImport {
  readonly recordingId: RecordingId
  readonly clock: ImportClock | null
  /** Of the files that it was made of, the one that it is of first. */
  readonly hashes: readonly Uint8Array[]
}

/**
 * A recording of the meeting that somebody made of this very file; `null` where nobody did, as far as their records can be read: one that is gone, damaged or
 * malformed says nothing, and keeps no other file from being imported.
 * @param known what recordings were made of, as far as it was read, by their ids: it changes no more, and is read once for many files.
 * @throws {@link ArchiveError} what may be tried again, `interrupted`.
 */
export async function findImported(
  client: Client,
  log: MeetingLog,
  sha256: Uint8Array,
  signal: AbortSignal,
  known = new Map<string, KnownImport | null>(),
): Promise<KnownImport | null> {
  for (const recording of log.recordings) {
    const assets = recording.opened?.assets ?? []
    if (recording.withdrawal !== null || !assets.some(({ role }) => role === "import")) continue
    const id = toHex(recording.fields.recordingId)
    let found = known.get(id)
    if (found === undefined) known.set(id, (found = await knownOf(client, log, recording, signal)))
    const [main] = found?.hashes ?? []
    if (main !== undefined && equalBytes(main, sha256)) return found
  }
  return null
}

async function knownOf(
  client: Client,
  log: MeetingLog,
  recording: PublishedRecording,
  signal: AbortSignal,
): Promise<KnownImport | null> {
  const imported = await readImported(client, openRecordingOf(client, log, recording), signal).catch(
    (error: unknown) => {
      if (!isArchiveError(error) || error.retryable || error.code === "interrupted") throw error
      return null
    },
  )
  if (imported === null) return null
  const { clock, files } = imported
  return { recordingId: recording.fields.recordingId, clock, hashes: files.map((file) => file.sha256) }
}
