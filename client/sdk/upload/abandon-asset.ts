import { decodeAssetHeader } from "../../../shared/protocol/asset-header.js"
import { isArchiveError } from "../../../shared/protocol/errors.js"
import { formatId, type MeetingId } from "../../../shared/protocol/ids.js"
import type { Client } from "../client.js"
import { deleteAssets } from "../deletion.js"
import type { JournalAsset } from "./journal.js"
import { cancelUpload } from "./tus.js"

/**
 * Gives an asset up at the server, stored or not; where it is gone, nothing is done.
 * @returns the purge day of what was stored; `null` where nothing was.
 */
export async function abandonAsset(
  client: Client,
  meetingId: MeetingId,
  { rawHeader, uploadSecret }: Pick<JournalAsset, "rawHeader" | "uploadSecret">,
): Promise<number | null> {
  const { assetId } = decodeAssetHeader(rawHeader)
  try {
    await cancelUpload({ http: client.http, assetId, uploadSecret, subject: formatId("meeting", meetingId) })
    return null
  } catch (error) {
    if (!isArchiveError(error)) throw error
    if (error.code === "not-found") return null
    // What has its receipt is no upload any more, and is deleted as such.
    if (error.code !== "conflict" && error.code !== "gone") throw error
    return await deleteAssets(client, meetingId, [{ assetId, uploadSecret }])
  }
}
