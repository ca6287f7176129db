import { equalBytes } from "../../../shared/protocol/bytes.js"
import { ArchiveError } from "../../../shared/protocol/errors.js"
import type { MeetingId, RecordingId } from "../../../shared/protocol/ids.js"
import type { Client } from "../../sdk/client.js"
import { liveCapturesOf } from "../../sdk/live-capture/captures.js"
import { recoverCapture } from "../../sdk/live-capture/follow.js"
import { readMeeting } from "../../sdk/meetings.js"
import { KeptFileWriter } from "../prepare/kept-files.js"
import type { PrepareRequest } from "../prepare/prepare-messages.js"

/** Its name among the kept files of an upload. */
const NAME = "recovered"
const PORTION_BYTES = 1024 * 1024

/**
 * Fetches and verifies what there is of a capture, and keeps it here, sealed, to be prepared.
 * @throws {@link ArchiveError} `not-found` where nothing of it is there; `integrity`; `interrupted`; `out-of-space`.
 */
export async function recoverHere(
  client: Client,
  uploadId: string,
  meetingId: MeetingId,
  recordingId: RecordingId,
  signal: AbortSignal,
  onProgress: (fraction: number) => void,
): Promise<Extract<PrepareRequest["original"], { readonly kind: "kept" }>> {
  onProgress(0)
  const captures = liveCapturesOf(await readMeeting(client, meetingId))
  const live = captures.findLast((capture) => equalBytes(capture.recordingId, recordingId))
  if (live === undefined) throw new ArchiveError("not-found", "this capture is not in the meeting, or does not open")
  const source = await (await recoverCapture(client, live, { signal, onProgress })).open()
  const writer = new KeptFileWriter(uploadId, NAME)
  const portion = new Uint8Array(PORTION_BYTES)
  for (let at = 0; ;) {
    const count = await source.read(portion)
    if (count === 0) break
    await writer.write(at, portion.subarray(0, count))
    at += count
  }
  return { kind: "kept", name: NAME, sizeBytes: await writer.close(), mediaType: live.mediaType }
}
