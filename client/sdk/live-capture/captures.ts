import { type AssetHeader, decodeAssetHeader } from "../../../shared/protocol/asset-header.js"
import { equalBytes } from "../../../shared/protocol/bytes.js"
import { activeDevices } from "../../../shared/protocol/chain.js"
import { isArchiveError } from "../../../shared/protocol/errors.js"
import { includesHash } from "../../../shared/protocol/hash.js"
import type { RecordingId } from "../../../shared/protocol/ids.js"
import { openLiveSecret } from "../../crypto/live.js"
import type { MeetingLog } from "../../crypto/meeting-log.js"

/** Something that went live, and opens for this account. */
export interface LiveCapture {
  readonly log: MeetingLog
  /** Of the event that said it. */
  readonly seq: number
  readonly recordingId: RecordingId
  readonly header: AssetHeader
  readonly rawHeader: Uint8Array
  readonly contentKey: Uint8Array
  readonly deviceKey: Uint8Array
  readonly authorGenesisHash: Uint8Array
  readonly title: string
  readonly mediaType: string
  readonly capturedAtMs: number
  /** When it was said in the log, by its author's clock. */
  readonly saidMs: number
  /** Whether no recording stands in its place yet. */
  readonly isOpen: boolean
}

/** All that went live and opens for this account, oldest first. */
export function liveCapturesOf(log: MeetingLog): readonly LiveCapture[] {
  return log.lives.flatMap((live) => {
    const epoch = log.epochs.findLast(({ seq }) => seq < live.seq)
    if (epoch === undefined) return []
    const { seq, recordingId, rawHeader, deviceKey, authorGenesisHash, mediaType, timeMs: saidMs } = live
    try {
      const secret = openLiveSecret(live, log.meetingHash, epoch.keys)
      const isOpen = !log.recordings.some(({ fields }) => equalBytes(fields.recordingId, recordingId))
      const header = decodeAssetHeader(rawHeader)
      const said = { log, seq, recordingId, header, rawHeader, deviceKey, authorGenesisHash, mediaType, saidMs }
      return [{ ...said, isOpen, ...secret }]
    } catch (error) {
      // One that its author sealed wrongly hides no other.
      if (isArchiveError(error)) return []
      throw error
    }
  })
}

/** A member can let any number go live: more than so many are not asked for. */
const MOST_RUNNING = 8

/**
 * What may be going on now, oldest first: each belongs to the epoch in force (§7.6), and its device to a member of it who did not leave.
 * Whether it does go on, its heads say.
 */
export function runningCapturesOf(log: MeetingLog): readonly LiveCapture[] {
  const isOfMember = ({ authorGenesisHash, deviceKey }: LiveCapture): boolean => {
    const chain = log.memberChains.find(({ genesisHash }) => equalBytes(genesisHash, authorGenesisHash))
    if (chain === undefined || includesHash(log.standing.left, authorGenesisHash)) return false
    return activeDevices(chain).some(({ ed25519 }) => equalBytes(ed25519, deviceKey))
  }
  return liveCapturesOf(log)
    .filter((live) => live.isOpen && live.seq > log.current.seq && isOfMember(live))
    .slice(-MOST_RUNNING)
}
