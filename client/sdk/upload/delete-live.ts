import { decodeAssetHeader } from "../../../shared/protocol/asset-header.js"
import { isArchiveError } from "../../../shared/protocol/errors.js"
import { formatId, type MeetingId } from "../../../shared/protocol/ids.js"
import type { Client } from "../client.js"
import { deleteAssets } from "../deletion.js"
import type { JournalLive } from "./journal.js"
import { cancelUpload } from "./tus.js"

/** Deletes the live asset of a capture, stored or not; where it is gone, nothing is done. */
export async function deleteLive(client: Client, meetingId: MeetingId, live: JournalLive): Promise<void> {
  const { assetId } = decodeAssetHeader(live.rawHeader)
  const { uploadSecret } = live
  const handle = { http: client.http, assetId, uploadSecret, subject: formatId("meeting", meetingId) }
  try {
    await cancelUpload(handle)
  } catch (error) {
    if (!isArchiveError(error)) throw error
    if (error.code === "not-found" || error.code === "gone") return
    // What has its receipt is no upload any more.
    if (error.code !== "conflict") throw error
    await deleteAssets(client, meetingId, [{ assetId, uploadSecret }])
  }
}
