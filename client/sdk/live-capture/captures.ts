import { type AssetHeader, decodeAssetHeader } from "../../../shared/protocol/asset-header.js"
import { equalBytes } from "../../../shared/protocol/bytes.js"
import { isArchiveError } from "../../../shared/protocol/errors.js"
import type { RecordingId } from "../../../shared/protocol/ids.js"
import { openLiveSecret } from "../../crypto/live.js"
import type { MeetingLog } from "../../crypto/meeting-log.js"

/** Something that went live, and opens for this account. */
export interface LiveCapture {
  readonly log: MeetingLog
  readonly recordingId: RecordingId
  readonly header: AssetHeader
  readonly rawHeader: Uint8Array
  readonly contentKey: Uint8Array
  readonly deviceKey: Uint8Array
  readonly authorGenesisHash: Uint8Array
  readonly title: string
  readonly mediaType: string
  readonly capturedAtMs: number
  /** Whether no recording stands in its place yet. */
  readonly isOpen: boolean
}

/** All that went live and opens for this account, oldest first. */
export function liveCapturesOf(log: MeetingLog): readonly LiveCapture[] {
  return log.lives.flatMap((live) => {
    const epoch = log.epochs.findLast(({ seq }) => seq < live.seq)
    if (epoch === undefined) return []
    const { recordingId, rawHeader, deviceKey, authorGenesisHash, mediaType } = live
    try {
      const secret = openLiveSecret(live, log.meetingHash, epoch.keys)
      const isOpen = !log.recordings.some(({ fields }) => equalBytes(fields.recordingId, recordingId))
      const header = decodeAssetHeader(rawHeader)
      return [{ log, recordingId, header, rawHeader, deviceKey, authorGenesisHash, mediaType, isOpen, ...secret }]
    } catch (error) {
      // One that its author sealed wrongly hides no other.
      if (isArchiveError(error)) return []
      throw error
    }
  })
}
