import { equalBytes } from "../../shared/protocol/bytes.js"
import { ArchiveError, isArchiveError } from "../../shared/protocol/errors.js"
import { formatId, idOfHash, type MeetingId, type RecordingId } from "../../shared/protocol/ids.js"
import type { RecordingDetails } from "../../shared/protocol/recording.js"
import type { MeetingLog, PublishedRecording } from "../crypto/meeting-log.js"
import type { OpenedAsset } from "../crypto/recording-event.js"
import type { Client } from "./client.js"
import { lossOf } from "./keeping.js"
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

/** @throws {@link ArchiveError} as {@link searchMeetings}. */
export async function locateRecording(
  client: Client,
  recordingId: RecordingId,
): Promise<{ readonly log: MeetingLog; readonly recording: PublishedRecording }> {
  return await searchMeetings(client, recordingId, (log) => {
    const recording = log.recordings.find(({ fields }) => equalBytes(fields.recordingId, recordingId))
    return recording === undefined ? null : { log, recording }
  })
}

/**
 * Looks through this account's meetings for something of a recording. One that can't be read, as this account was taken out of it, hides no other.
 * @throws {@link ArchiveError} `not-found`, and what kept a meeting from being read if no other has it.
 */
export async function searchMeetings<Found>(
  client: Client,
  recordingId: RecordingId,
  find: (log: MeetingLog) => Found | null,
): Promise<Found> {
  const failures: ArchiveError[] = []
  for (const { meetingHash } of client.state.current.meetings) {
    const meetingId: MeetingId = idOfHash("meeting", meetingHash)
    const log = await readMeeting(client, meetingId).catch((error: unknown) => {
      if (!isArchiveError(error) || error.retryable || error.code === "interrupted") throw error
      failures.push(error)
      return null
    })
    const found = log === null ? null : find(log)
    if (found !== null) return found
  }
  const [failure] = failures
  if (failure !== undefined) throw failure
  throw new ArchiveError("not-found", `${formatId("recording", recordingId)} is in none of this account's meetings`)
}

/** @throws {@link ArchiveError} as {@link locateRecording} and {@link openRecordingOf}. */
export async function findRecording(client: Client, recordingId: RecordingId): Promise<OpenRecording> {
  const { log, recording } = await locateRecording(client, recordingId)
  return openRecordingOf(client, log, recording)
}

/** A recording of a log that was read. @throws {@link ArchiveError} `gone` for one that was withdrawn, `not-authorised` for one that doesn't open. */
export function openRecordingOf(client: Client, log: MeetingLog, recording: PublishedRecording): OpenRecording {
  if (recording.withdrawal !== null) throw lossOf(log, recording, client.clock.nowMs())
  const media = recording.opened?.assets[0]
  if (recording.opened === null || media === undefined)
    throw new ArchiveError("not-authorised", "this recording was begun before this account could open it")
  const { details, assets } = recording.opened
  return { log, recording, details: { ...details, title: recording.renamed?.title ?? details.title }, media, assets }
}

/** The newest title; `null` where none opens for this account. */
export function titleOf({ renamed, opened }: PublishedRecording): string | null {
  return renamed?.title ?? opened?.details.title ?? null
}

/** A reader of one of a recording's assets. */
export function readAsset(
  client: Client,
  recording: OpenRecording,
  asset: OpenedAsset,
  options: ReaderOptions = {},
): AssetReader {
  return openAsset(client, accessTo(client, recording), asset, options)
}

/** Runs calls that read a recording's assets, by the key of the epoch that is in force then. */
export function accessTo(client: Client, recording: Pick<OpenRecording, "log" | "recording">): WithToken {
  let { log } = recording
  /** That it is gone is for the log to say, as it stands now: the server's word alone is none. */
  const explained = async (error: ArchiveError): Promise<ArchiveError> => {
    if (error.code !== "gone" && error.code !== "not-found") return error
    log = await readMeeting(client, log.meetingId)
    const { recordingId } = recording.recording.fields
    const newest = log.recordings.find(({ fields }) => equalBytes(fields.recordingId, recordingId))
    return lossOf(log, newest ?? recording.recording, client.clock.nowMs())
  }
  return async (call) => {
    try {
      return await client.tokens.with(client.http, currentCapability(log), call)
    } catch (error) {
      if (!isArchiveError(error)) throw error
      if (error.code !== "forbidden") throw await explained(error)
      // An epoch that began since ended what an older one's key may read.
      log = await readMeeting(client, log.meetingId)
      return await client.tokens.with(client.http, currentCapability(log), call)
    }
  }
}
