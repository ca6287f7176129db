import { toHex } from "../../../shared/protocol/bytes.js"
import { ArchiveError, isArchiveError } from "../../../shared/protocol/errors.js"
import { includesHash } from "../../../shared/protocol/hash.js"
import { MessagesResponse } from "../../../shared/protocol/http.js"
import { idOfHash, type MeetingId } from "../../../shared/protocol/ids.js"
import type { MeetingLog, PublishedRecording } from "../../crypto/meeting-log.js"
import { parseCaptions } from "../captions.js"
import type { Client } from "../client.js"
import { readImportedLines } from "../imports/read-imported.js"
import { accessCapability } from "../meeting-events.js"
import { readMeeting } from "../meetings.js"
import { readWhole } from "../reader/read-whole.js"
import { openRecordingOf, titleOf } from "../recordings.js"
import type { MeetingState } from "../state.js"
import { hasNewEvents } from "../unseen.js"
import { captionFindable, importedFindable, meetingFindable, recordingFindable } from "./findables.js"
import { indexChat } from "./index-chat.js"
import { type IndexOptions, PORTION } from "./index-options.js"
import type { SearchShard } from "./shard.js"

/** What goes along with a recording and could not be had; it is tried again the next time. */
export interface NotIndexed {
  readonly recording: string
  readonly error: unknown
}

/**
 * Reads what is new in a meeting into its shard; what is there already isn't read again. What was withdrawn, deleted or edited since is taken out, or as it is now.
 * @throws {@link ArchiveError} as `readMeeting` and `ChatReader.open`; `not-authorised` where this account left, or was taken out.
 */
export async function bringUpToDate(
  client: Client,
  meetingId: MeetingId,
  shard: SearchShard,
  options: IndexOptions,
): Promise<{ readonly isChanged: boolean; readonly notIndexed: readonly NotIndexed[] }> {
  const log = await readMeeting(client, meetingId)
  if (!log.isMember || includesHash(log.standing.left, client.state.current.secrets.genesisHash))
    throw new ArchiveError("not-authorised", "this account is no longer a member of the meeting")
  const before = JSON.stringify(shard.readUntil)
  const notIndexed = await indexRecordings(client, log, shard, options)
  await indexChat(client, log, shard, options)
  const [genesis] = log.epochs
  if (shard.readUntil.logSeq < log.head.seq || !shard.has("meeting"))
    shard.put(meetingFindable(log.current.title, genesis?.timeMs ?? 0))
  shard.readUntil = { ...shard.readUntil, logSeq: log.head.seq }
  const isChanged = JSON.stringify(shard.readUntil) !== before
  if (isChanged) shard.tidy()
  return { isChanged, notIndexed }
}

/** Whether a meeting is none of this account's any more: its shard is removed. Y6. */
export function isOver(error: unknown): boolean {
  return isArchiveError(error) && (error.code === "gone" || error.code === "not-authorised")
}

/**
 * Whether the server has anything that a shard lacks: two small requests, and nothing of the answers is taken for true.
 * @throws {@link ArchiveError} where it can't be asked so, as with the keys of an older epoch.
 */
export async function isUpToDate(client: Client, meeting: MeetingState, shard: SearchShard): Promise<boolean> {
  const { logSeq, chat, recordings } = shard.readUntil
  const newest = meeting.known.toSorted((a, b) => b.epoch - a.epoch)[0]
  const isWhole = Object.values(recordings).every((recording) => recording.isWhole)
  if (newest === undefined || chat === null || !isWhole || logSeq !== meeting.head.seq) return false
  if (await hasNewEvents(client, meeting)) return false
  const capability = accessCapability(idOfHash("meeting", meeting.meetingHash), newest.secret, newest.epoch)
  const page = await client.tokens.with(client.http, capability, async (token, subject) => {
    const path = `/v1/meetings/${subject}/messages?from=${chat.until}&limit=1`
    return await client.http.json(MessagesResponse, { path, subject, token })
  })
  return page.count === chat.until && (page.count === 0 || page.incarnation === chat.incarnation)
}

async function indexRecordings(
  client: Client,
  log: MeetingLog,
  shard: SearchShard,
  options: IndexOptions,
): Promise<readonly NotIndexed[]> {
  const notIndexed: NotIndexed[] = []
  let count = 0
  for (const recording of log.recordings) {
    const id = toHex(recording.fields.recordingId)
    const known = shard.readUntil.recordings[id]
    const title = titleOf(recording)
    if (recording.withdrawal !== null) {
      if (known === undefined) continue
      shard.removeRecording(id)
      const { [id]: _gone, ...others } = shard.readUntil.recordings
      shard.readUntil = { ...shard.readUntil, recordings: others }
      continue
    }
    if (recording.opened === null || (known?.isWhole === true && known.title === title)) continue
    shard.put(recordingFindable(recording))
    let isWhole = known?.isWhole === true
    if (!isWhole)
      try {
        await indexBeside(client, log, recording, shard, options)
        isWhole = true
      } catch (error) {
        if (!isArchiveError(error) || error.code === "interrupted") throw error
        // What is gone by what the log says comes back no more.
        isWhole = error.code === "gone"
        if (!isWhole) notIndexed.push({ recording: id, error })
      }
    shard.readUntil = { ...shard.readUntil, recordings: { ...shard.readUntil.recordings, [id]: { title, isWhole } } }
    options.onProgress?.({ recordings: ++count, messages: 0 })
  }
  return notIndexed
}

/** Captions and what was imported. Chapters are captions too. */
async function indexBeside(
  client: Client,
  log: MeetingLog,
  recording: PublishedRecording,
  shard: SearchShard,
  { signal, breathe }: IndexOptions,
): Promise<void> {
  const opened = openRecordingOf(client, log, recording)
  for (const [file, asset] of opened.assets.entries()) {
    if (asset.role !== "captions") continue
    const { cues } = parseCaptions(await readWhole(client, opened, asset, signal))
    for (const [index, cue] of cues.entries()) {
      shard.put(captionFindable(recording, file, index, cue))
      if (index % PORTION === PORTION - 1) await breathe?.()
    }
  }
  let index = 0
  for await (const line of readImportedLines(client, opened, signal)) {
    shard.put(importedFindable(recording, index++, line))
    if (index % PORTION === 0) await breathe?.()
  }
}
