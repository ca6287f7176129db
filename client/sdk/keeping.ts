import * as z from "zod"
import { dateOf } from "../../shared/protocol/ambient.js"
import { toHex } from "../../shared/protocol/bytes.js"
import { ArchiveError } from "../../shared/protocol/errors.js"
import { AssetsResponse, MeetingResponse } from "../../shared/protocol/http.js"
import { type AssetId, formatId, idOfHash, type MeetingId } from "../../shared/protocol/ids.js"
import type { ManifestAsset } from "../../shared/protocol/recording.js"
import type { MeetingLog, PublishedRecording } from "../crypto/meeting-log.js"
import type { Client } from "./client.js"
import { currentCapability, readMeeting } from "./meetings.js"

/** What the server keeps, against what the log says of it. SPEC.md §7.4, §15. */

const DAY_MS = 24 * 60 * 60 * 1000
/** A server that stores an asset late in one day's last minutes counts from a day before its recording was published. */
const RETENTION_SLACK_DAYS = 1

export type Keeping = z.output<typeof MeetingResponse>
type KeptAsset = z.output<typeof AssetsResponse>["assets"][number]

/** What became of a recording: the log's word, or `missing` where the server gives it no more and the log does not say why. */
export type RecordingFate = "kept" | "withdrawn" | "outlived" | "deleted" | "missing"

export interface StoredAsset extends ManifestAsset {
  /** As the server counts; `null` where it has it no more. */
  readonly keptBytes: number | null
  readonly purgeDay: number | null
}

export interface StoredRecording {
  readonly recording: PublishedRecording
  readonly fate: RecordingFate
  readonly assets: readonly StoredAsset[]
  /** When the server says that the last of it goes; `null` where nothing of it is marked. */
  readonly purgeDay: number | null
  /** Although the log says that it was deleted, the server has of it what is not marked: deleting it again marks that. */
  readonly isStillKept: boolean
}

export interface MeetingStorage {
  readonly log: MeetingLog
  readonly keeping: Keeping
  readonly recordings: readonly StoredRecording[]
  /** Stored in the meeting, and of no recording that this account can see. */
  readonly unpublished: readonly KeptAsset[]
}

/** What takes how much. @throws {@link ArchiveError} as `readMeeting`. */
export async function readStorage(client: Client, meetingId: MeetingId): Promise<MeetingStorage> {
  const log = await readMeeting(client, meetingId)
  const keeping = await readKeeping(client, log)
  const kept = await listKept(client, log)
  const recordings = log.recordings.map((recording) => storedOf(log, recording, kept, client.clock.nowMs()))
  const published = new Set(recordings.flatMap(({ assets }) => assets.map(({ header }) => toHex(header.assetId))))
  const unpublished = [...kept].flatMap(([id, asset]) => (published.has(id) ? [] : [asset]))
  return { log, keeping, recordings, unpublished }
}

/** The recordings of a log, with what the server keeps of them. */
export async function readStoredRecordings(client: Client, log: MeetingLog): Promise<readonly StoredRecording[]> {
  const kept = await listKept(client, log)
  return log.recordings.map((recording) => storedOf(log, recording, kept, client.clock.nowMs()))
}

export async function readKeeping(client: Client, log: MeetingLog): Promise<Keeping> {
  return await client.tokens.with(
    client.http,
    currentCapability(log),
    async (token, subject) =>
      await client.http.json(MeetingResponse, { path: `/v1/meetings/${subject}`, subject, token }),
  )
}

/** Why a recording that the server gives no more is gone, as far as the log says. */
export function fateOfLost(log: MeetingLog, recording: PublishedRecording, nowMs: number): RecordingFate {
  const { retention, deletion } = log.standing
  if (recording.withdrawal !== null) return "withdrawn"
  if (deletion !== null) return "deleted"
  const days = retention?.days ?? null
  const isOutlived = days !== null && recording.timeMs + (days - RETENTION_SLACK_DAYS) * DAY_MS <= nowMs
  return isOutlived ? "outlived" : "missing"
}

/** What a person is told of a recording that can't be had. */
export function lossOf(log: MeetingLog, recording: PublishedRecording, nowMs: number): ArchiveError {
  const by = (note: { readonly authorGenesisHash: Uint8Array; readonly timeMs: number }): string =>
    `${formatId("account", idOfHash("account", note.authorGenesisHash))} on ${dateOf(note.timeMs)}`
  switch (fateOfLost(log, recording, nowMs)) {
    case "withdrawn":
      return new ArchiveError("gone", `this recording was deleted by ${by(recording.withdrawal ?? recording)}`)
    case "deleted":
      return new ArchiveError("gone", `its meeting was deleted by ${by(log.standing.deletion ?? recording)}`)
    case "outlived":
      return new ArchiveError(
        "gone",
        `its meeting keeps recordings for ${log.standing.retention?.days ?? 0} days, as an admin said, and these are over`,
      )
    default:
      return new ArchiveError(
        "not-found",
        "this recording is missing: the server does not give it any more, and nothing in the meeting's log says that it was deleted. Its author may have deleted it after leaving the meeting, or the server withholds it",
      )
  }
}

async function listKept(client: Client, log: MeetingLog): Promise<ReadonlyMap<string, KeptAsset>> {
  return await client.tokens.with(client.http, currentCapability(log), async (token, subject) => {
    const kept = new Map<string, KeptAsset>()
    for (let after: AssetId | null | undefined; after !== null;) {
      const query = after === undefined ? "" : `?after=${formatId("asset", after)}`
      const page: z.output<typeof AssetsResponse> = await client.http.json(AssetsResponse, {
        path: `/v1/meetings/${subject}/assets${query}`,
        subject,
        token,
      })
      const before = kept.size
      for (const asset of page.assets) kept.set(toHex(asset.asset), asset)
      if (page.next !== null && kept.size === before)
        throw new ArchiveError("malformed", "a list of assets whose pages do not follow each other")
      after = page.next
    }
    return kept
  })
}

function storedOf(
  log: MeetingLog,
  recording: PublishedRecording,
  kept: ReadonlyMap<string, KeptAsset>,
  nowMs: number,
): StoredRecording {
  const assets = recording.fields.assets.map((asset) => {
    const held = kept.get(toHex(asset.header.assetId))
    return { ...asset, keptBytes: held?.sizeBytes ?? null, purgeDay: held?.purgeDay ?? null }
  })
  const isWhole = assets.every(({ keptBytes, purgeDay }) => keptBytes !== null && purgeDay === null)
  const isDeleted = recording.withdrawal !== null || log.standing.deletion !== null
  return {
    recording,
    fate: isWhole && !isDeleted ? "kept" : fateOfLost(log, recording, nowMs),
    assets,
    purgeDay: assets.reduce<number | null>(
      (latest, { purgeDay }) => (purgeDay === null ? latest : Math.max(latest ?? 0, purgeDay)),
      null,
    ),
    isStillKept: isDeleted && assets.some(({ keptBytes, purgeDay }) => keptBytes !== null && purgeDay === null),
  }
}
