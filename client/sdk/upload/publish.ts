import { decodeAssetHeader } from "../../../shared/protocol/asset-header.js"
import { concatBytes, equalBytes } from "../../../shared/protocol/bytes.js"
import { ArchiveError } from "../../../shared/protocol/errors.js"
import { decodeEvent } from "../../../shared/protocol/event.js"
import { asId, type MeetingId } from "../../../shared/protocol/ids.js"
import { newestUserSeed } from "../../crypto/account-keys.js"
import { makeEvent } from "../../crypto/log-event.js"
import type { MeetingLog } from "../../crypto/meeting-log.js"
import { makeRecordingContent } from "../../crypto/recording-event.js"
import { xwingPublicKey } from "../../crypto/sodium.js"
import { type Client, selfAsAuthor } from "../client.js"
import { refreshKeys } from "../links.js"
import { appendEvent, mayBeBehind, readMeeting } from "../meetings.js"
import { type RetryOptions, withRetry } from "../retry.js"
import { prepareToSeal, type SealingOptions } from "../standing.js"
import type { Journal } from "./journal.js"

const ATTEMPTS = 20
/** So that the keystore stays small. */
const PUBLISHED_KEPT = 1_000

/**
 * Publishes a recording once: its signed event is stored before it is sent, and a log that has it already, or has its recording, needs no other.
 * Where others appended first, or the epoch changed, the event is made anew for its new place.
 * @throws {@link ArchiveError} `conflict` when others keep appending, and what keeps a client from sealing.
 */
export async function publishRecording(
  client: Client,
  meetingId: MeetingId,
  journal: Journal,
  save: (journal: Journal) => Promise<Journal>,
  retry: RetryOptions,
  sealing: SealingOptions,
): Promise<void> {
  let current = journal
  for (let attempt = 1; ; attempt++) {
    const seen = await withRetry(async () => await readMeeting(client, meetingId), retry)
    if (isPublished(seen, current)) return
    const log = await withRetry(async () => await prepareToSeal(client, seen, sealing), retry)
    if (current.rawEvent === null || !standsNext(current.rawEvent, log)) {
      current = await save({ ...current, rawEvent: await signEvent(client, log, current) })
      client.failpoint("upload.event-kept")
    }
    const { rawEvent } = current
    if (rawEvent === null) throw new ArchiveError("internal", "no event was made")
    try {
      await withRetry(async () => {
        await appendEvent(client, log, rawEvent)
      }, retry)
      client.failpoint("upload.event-appended")
      return
    } catch (error) {
      if (!mayBeBehind(error) || attempt === ATTEMPTS) throw error
    }
  }
}

/** Keeps what deletes a recording, for when its log is closed to this account. */
export async function rememberPublished(client: Client, { recordingId, meetingHash, assets }: Journal): Promise<void> {
  const secrets = concatBytes(
    ...assets.flatMap(({ rawHeader, uploadSecret }) => [decodeAssetHeader(rawHeader).assetId, uploadSecret]),
  )
  await client.state.update((state) => {
    const others = state.published.filter((other) => !equalBytes(other.recordingId, recordingId))
    return { ...state, published: [...others.slice(1 - PUBLISHED_KEPT), { recordingId, meetingHash, secrets }] }
  })
}

/** Whether the log has the journal's recording. */
export function isPublished(log: MeetingLog, journal: Journal): boolean {
  return log.recordings.some((recording) => equalBytes(recording.fields.recordingId, journal.recordingId))
}

/** A stored event can be sent as it is only if it was made for the place and the epoch that are next. */
function standsNext(rawEvent: Uint8Array, log: MeetingLog): boolean {
  const event = decodeEvent(rawEvent)
  return equalBytes(event.prev, log.head.hash) && event.epoch === log.current.keys.epoch
}

async function signEvent(client: Client, log: MeetingLog, journal: Journal): Promise<Uint8Array> {
  const { random, clock } = client
  const chain = await refreshKeys(client)
  const capture = log.epochs.find((epoch) => epoch.keys.epoch === journal.captureEpoch)
  if (capture === undefined)
    throw new ArchiveError("not-authorised", "the epoch in which this recording was begun is no longer known")
  const assets = journal.assets.map((asset) => {
    if (asset.done === null || asset.trueBytes === null)
      throw new ArchiveError("internal", "an asset without its receipt")
    const { storedBytes, root } = asset.done
    return { ...asset, header: decodeAssetHeader(asset.rawHeader), trueBytes: asset.trueBytes, storedBytes, root }
  })
  const recording = {
    recordingId: asId("recording", journal.recordingId),
    assets,
    details: journal.details,
    authorUserPublicKey: xwingPublicKey(newestUserSeed(client.state.current.secrets).seed),
  }
  const content = makeRecordingContent(recording, log.meetingHash, capture.keys, log.current.keys, random)
  const position = {
    meetingId: log.meetingId,
    meetingHash: log.meetingHash,
    seq: log.head.seq + 1,
    prev: log.head.hash,
  }
  return makeEvent(position, log.current.keys, selfAsAuthor(client, chain.headHash), content, {
    timeMs: clock.nowMs(),
    random,
  })
}
