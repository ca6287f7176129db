import { equalBytes } from "../../shared/protocol/bytes.js"
import { ArchiveError, isArchiveError } from "../../shared/protocol/errors.js"
import { formatId, idOfHash, type MeetingId, type RecordingId } from "../../shared/protocol/ids.js"
import type { RecordingDetails } from "../../shared/protocol/recording.js"
import type { MeetingLog, PublishedRecording } from "../crypto/meeting-log.js"
import type { OpenedAsset } from "../crypto/recording-event.js"
import type { Client } from "./client.js"
import { currentCapability, readMeeting } from "./meetings.js"
import { type AssetReader, openAsset, type ReaderOptions, type WithToken } from "./reader/asset-reader.js"

/** A recording that opens for this account. */
export interface OpenRecording {
  readonly log: MeetingLog
  readonly recording: PublishedRecording
  readonly details: RecordingDetails
  readonly media: OpenedAsset
  readonly assets: readonly OpenedAsset[]
}

/**
 * Looks through this account's meetings. One that can't be read, as this account was taken out of it, hides no other.
 * @throws {@link ArchiveError} `not-found`, `not-authorised`, and what kept a meeting from being read if no other has the recording.
 */
export async function findRecording(client: Client, recordingId: RecordingId): Promise<OpenRecording> {
  const failures: ArchiveError[] = []
  for (const { meetingHash } of client.state.current.meetings) {
    const meetingId: MeetingId = idOfHash("meeting", meetingHash)
    const log = await readMeeting(client, meetingId).catch((error: unknown) => {
      if (!isArchiveError(error) || error.retryable || error.code === "interrupted") throw error
      failures.push(error)
      return null
    })
    if (log === null) continue
    const recording = log.recordings.find((candidate) => equalBytes(candidate.fields.recordingId, recordingId))
    if (recording === undefined) continue
    const media = recording.opened?.assets[0]
    if (recording.opened === null || media === undefined)
      throw new ArchiveError("not-authorised", "this recording was begun before this account could open it")
    return { log, recording, details: recording.opened.details, media, assets: recording.opened.assets }
  }
  const [failure] = failures
  if (failure !== undefined) throw failure
  throw new ArchiveError("not-found", `${formatId("recording", recordingId)} is in none of this account's meetings`)
}

/** A reader of one of a recording's assets. */
export function readAsset(
  client: Client,
  recording: OpenRecording,
  asset: OpenedAsset,
  options: ReaderOptions = {},
): AssetReader {
  let { log } = recording
  const withToken: WithToken = async (call) => {
    try {
      return await client.tokens.with(client.http, currentCapability(log), call)
    } catch (error) {
      if (!isArchiveError(error) || error.code !== "forbidden") throw error
      // An epoch that began since ended what an older one's key may read.
      log = await readMeeting(client, log.meetingId)
      return await client.tokens.with(client.http, currentCapability(log), call)
    }
  }
  return openAsset(client, withToken, asset, options)
}
