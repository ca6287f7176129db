import * as z from "zod"
import { equalBytes, utf8 } from "../../shared/protocol/bytes.js"
import { ArchiveError, isArchiveError } from "../../shared/protocol/errors.js"
import { ID_BYTES } from "../../shared/protocol/hash.js"
import { MeetingResponse, PurgeResponse, RetentionRequest } from "../../shared/protocol/http.js"
import { asId, formatId, idOfHash, type MeetingId, type RecordingId } from "../../shared/protocol/ids.js"
import { LIMITS } from "../../shared/protocol/limits.js"
import { isAdmin } from "../../shared/protocol/roster.js"
import type { MeetingLog, PublishedRecording } from "../crypto/meeting-log.js"
import { openUploadSecret } from "../crypto/upload-secret.js"
import type { Client } from "./client.js"
import { canActAsAdmin } from "./epochs.js"
import type { Keeping } from "./keeping.js"
import { adminCapability } from "./meeting-events.js"
import { readMeeting } from "./meetings.js"
import { appendNote } from "./notes.js"
import { locateRecording } from "./recordings.js"
import { prepareToSeal, type SealingOptions } from "./standing.js"
import type { ClientState } from "./state.js"
import type { Capability } from "./tokens.js"

/** What is deleted: said in the log first, so that the others learn of it, then asked of the server. Called again, each goes on. SPEC.md §7.4, §15. */

export interface DeletedRecording {
  readonly meetingId: MeetingId
  /** Whether the log says so: somebody who is no member any more deletes without a word. */
  readonly isStated: boolean
  /** The day, as the server says, on which the last bytes go; `null` where they are gone. */
  readonly purgeDay: number | null
}

/**
 * Deletes a recording, as its author or an admin. Who was taken out of the meeting deletes what this device uploaded.
 * @throws {@link ArchiveError} `not-found`, `not-authorised`; `gone` where the whole meeting was deleted.
 */
export async function deleteRecording(client: Client, recordingId: RecordingId): Promise<DeletedRecording> {
  const own = client.state.current.published.find((upload) => equalBytes(upload.recordingId, recordingId))
  const found = await locateRecording(client, recordingId).catch((error: unknown) => {
    if (own === undefined || !isArchiveError(error) || error.retryable || error.code === "interrupted") throw error
    return own
  })
  const deleted =
    "log" in found ? await deletePublished(client, found.log.meetingId, recordingId) : await deleteOwn(client, found)
  await client.state.update((state) => ({
    ...state,
    published: state.published.filter((upload) => !equalBytes(upload.recordingId, recordingId)),
  }))
  return deleted
}

type OwnUpload = ClientState["published"][number]
const OWN_ASSET_BYTES = ID_BYTES + 32

async function deleteOwn(client: Client, own: OwnUpload): Promise<DeletedRecording> {
  const meetingId = idOfHash("meeting", own.meetingHash)
  const count = Math.floor(own.secrets.length / OWN_ASSET_BYTES)
  const assets = Array.from({ length: count }, (_, index) => {
    const entry = own.secrets.subarray(index * OWN_ASSET_BYTES, (index + 1) * OWN_ASSET_BYTES)
    return { assetId: entry.subarray(0, ID_BYTES), uploadSecret: entry.subarray(ID_BYTES) }
  })
  const purgeDay = await deleteAssets(client, meetingId, assets)
  return { meetingId, isStated: false, purgeDay }
}

async function deletePublished(
  client: Client,
  meetingId: MeetingId,
  recordingId: RecordingId,
): Promise<DeletedRecording> {
  const self = client.state.current.secrets.genesisHash
  let isStated = true
  const log = await appendNote(client, meetingId, (newest) => {
    const recording = requireRecording(newest, recordingId)
    return recording.withdrawal === null ? { type: "withdrawal", recordingId } : null
  }).catch(async (error: unknown) => {
    // Who left says nothing any more in this meeting, but what it uploaded stays its own to delete.
    const isRefused = isArchiveError(error) && error.code === "not-authorised"
    const newest = isRefused ? await readMeeting(client, meetingId) : null
    if (newest === null || !equalBytes(requireRecording(newest, recordingId).authorGenesisHash, self)) throw error
    isStated = false
    return newest
  })
  const recording = requireRecording(log, recordingId)
  const admin = canActAsAdmin(client, log) ? adminOf(log) : null
  const assets = recording.fields.assets.map(({ header }, index) => ({
    assetId: header.assetId,
    uploadSecret: uploadSecretOf(client, recording, index),
  }))
  return { meetingId, isStated, purgeDay: await deleteAssets(client, meetingId, assets, admin) }
}

/** @throws {@link ArchiveError} `not-authorised`, `not-renewed`, `usage`, `not-found`. */
export async function renameRecording(
  client: Client,
  recordingId: RecordingId,
  title: string,
  options: SealingOptions = {},
): Promise<void> {
  const sizeBytes = utf8(title).length
  if (title.trim() === "" || sizeBytes > LIMITS.titleBytes)
    throw new ArchiveError("usage", `a title has 1 to ${LIMITS.titleBytes} bytes`)
  const { log } = await locateRecording(client, recordingId)
  await prepareToSeal(client, log, options)
  await appendNote(client, log.meetingId, () => ({ type: "recording-title", recordingId, title }))
}

/**
 * Deletes a meeting with all that is in it, as an admin.
 * @returns the day, as the server says, on which it goes.
 * @throws {@link ArchiveError} `not-authorised`; `gone` where it went.
 */
export async function deleteMeeting(client: Client, meetingId: MeetingId): Promise<number> {
  const log = await appendNote(client, meetingId, (newest) => {
    assertActsAsAdmin(client, newest, "delete it")
    return newest.standing.deletion === null ? { type: "deletion" } : null
  })
  return await client.tokens.with(client.http, adminOf(log), async (token, subject) => {
    const request = { method: "DELETE", path: `/v1/meetings/${subject}`, subject, token } as const
    return (await client.http.json(PurgeResponse, request)).purgeDay
  })
}

/**
 * Says, as an admin, for how many days the meeting keeps what it stores, and tells the server to go by it. `null` is for ever.
 * @throws {@link ArchiveError} `not-authorised`.
 */
export async function setRetention(client: Client, meetingId: MeetingId, days: number | null): Promise<Keeping> {
  const log = await appendNote(client, meetingId, (newest) => {
    assertActsAsAdmin(client, newest, "say how long it keeps recordings")
    const { retention } = newest.standing
    return retention !== null && retention.days === days ? null : { type: "retention", days }
  })
  return await client.tokens.with(
    client.http,
    adminOf(log),
    async (token, subject) =>
      await client.http.json(MeetingResponse, {
        method: "PUT",
        path: `/v1/meetings/${subject}/retention`,
        subject,
        token,
        json: z.encode(RetentionRequest, { days }),
      }),
  )
}

function assertActsAsAdmin(client: Client, log: MeetingLog, deed: string): void {
  if (!isAdmin(log.current.roster, client.state.current.secrets.genesisHash))
    throw new ArchiveError("not-authorised", `only an admin of the meeting can ${deed}`)
  if (log.adminSeed === null)
    throw new ArchiveError(
      "not-authorised",
      "this admin was not brought the admins' key: another admin's `meeting rekey` mends that",
    )
}

/** @throws {@link ArchiveError} `internal` where `canActAsAdmin` does not hold. */
export function adminOf(log: MeetingLog): Capability {
  if (log.adminSeed === null) throw new ArchiveError("internal", "an admin without the admins' key")
  return adminCapability(log.meetingId, log.adminSeed, log.newestEpochSeen)
}

function requireRecording(log: MeetingLog, recordingId: RecordingId): PublishedRecording {
  const recording = log.recordings.find((candidate) => equalBytes(candidate.fields.recordingId, recordingId))
  if (recording === undefined) throw new ArchiveError("internal", "a recording that its log lacks")
  return recording
}

function uploadSecretOf(client: Client, recording: PublishedRecording, index: number): Uint8Array | null {
  const { secrets } = client.state.current
  const [asset, box] = [recording.fields.assets[index], recording.fields.uploadSecretBoxes[index]]
  if (asset === undefined || box === undefined || !equalBytes(recording.authorGenesisHash, secrets.genesisHash))
    return null
  return ownUploadSecret(client, asset, box)
}

/** As this account kept it for itself, under the user key that it had then; `null` for what is another's. */
export function ownUploadSecret(
  client: Client,
  asset: { readonly rawHeader: Uint8Array },
  box: Uint8Array,
): Uint8Array | null {
  for (const { seed } of client.state.current.secrets.userSeeds.toReversed()) {
    try {
      return openUploadSecret(seed, asset, box)
    } catch (error) {
      if (!isArchiveError(error) || error.code !== "cannot-open") throw error
    }
  }
  return null
}

/** Each by its upload secret, else as an admin. @returns the latest purge day; `null` where all were gone. */
export async function deleteAssets(
  client: Client,
  meetingId: MeetingId,
  assets: readonly { readonly assetId: Uint8Array; readonly uploadSecret: Uint8Array | null }[],
  admin: Capability | null = null,
): Promise<number | null> {
  let latest: number | null = null
  for (const { assetId, uploadSecret } of assets) {
    const ask = async (token: Uint8Array, subject: string): Promise<number> => {
      const path = `/v1/meetings/${subject}/assets/${formatId("asset", asId("asset", assetId))}`
      return (await client.http.json(PurgeResponse, { method: "DELETE", path, subject, token })).purgeDay
    }
    try {
      latest = Math.max(latest ?? 0, await withRight(client, meetingId, uploadSecret, admin, ask))
    } catch (error) {
      if (!isArchiveError(error) || error.code !== "gone") throw error
    }
  }
  return latest
}

async function withRight(
  client: Client,
  meetingId: MeetingId,
  uploadSecret: Uint8Array | null,
  admin: Capability | null,
  ask: (token: Uint8Array, subject: string) => Promise<number>,
): Promise<number> {
  if (uploadSecret !== null) return await ask(uploadSecret, formatId("meeting", meetingId))
  if (admin !== null) return await client.tokens.with(client.http, admin, ask)
  throw new ArchiveError("not-authorised", "only a recording's author or an admin of its meeting can delete it")
}
