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
  /** Genesis hash of who says so: the recording's author. */
  readonly importedBy: Uint8Array
  /** Whether that is this account. Of anybody else's nobody looked whether it is of that file at all. IM6. */
  readonly isOwn: boolean
  readonly clock: ImportClock | null
  /** Of the files that it was made of, the one that it is of first. */
  readonly hashes: readonly Uint8Array[]
}

export interface ImportSearch {
  /** What recordings were made of, as far as it was read, by their ids: it changes no more, and is read once for many files. */
  readonly known?: Map<string, KnownImport | null>
  /** Whether only this account's own count: its person imports again what somebody else says to have imported. */
  readonly isOwnOnly?: boolean
}

/**
 * A recording of the meeting that this account made of this very file, else one that somebody else says to have made of it; `null` where there is none, as far
 * as the records can be read: one that is gone, damaged or malformed says nothing, and keeps no other file from being imported.
 * @throws {@link ArchiveError} what may be tried again, `interrupted`.
 */
export async function findImported(
  client: Client,
  log: MeetingLog,
  sha256: Uint8Array,
  signal: AbortSignal,
  { known = new Map(), isOwnOnly = false }: ImportSearch = {},
): Promise<KnownImport | null> {
  const isOwn = ({ authorGenesisHash }: PublishedRecording): boolean => isSelf(client, authorGenesisHash)
  const imported = log.recordings.filter(
    ({ withdrawal, opened }) => withdrawal === null && (opened?.assets ?? []).some(({ role }) => role === "import"),
  )
  const others = isOwnOnly ? [] : imported.filter((recording) => !isOwn(recording))
  for (const recording of [...imported.filter(isOwn), ...others]) {
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
  const { importedBy, clock, files } = imported
  return {
    recordingId: recording.fields.recordingId,
    importedBy,
    isOwn: isSelf(client, importedBy),
    clock,
    hashes: files.map((file) => file.sha256),
  }
}

function isSelf(client: Client, genesisHash: Uint8Array): boolean {
  return equalBytes(genesisHash, client.state.current.secrets.genesisHash)
}
