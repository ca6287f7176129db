import { createHash } from "node:crypto"
import { encodeAssetRecord } from "../shared/protocol/asset-record.js"
import { makeReceipt } from "../shared/protocol/receipt.js"
import { assetRecordKey } from "../shared/server/assets/layout.js"
import { commitReceipt, findFinished, storedChunkHashes, today } from "../shared/server/catalog/assets.js"
import { failpoint } from "../shared/server/failpoints.js"
import type { WorkerContext } from "./context.js"

/**
 * Gives a finished asset its receipt once every chunk is stored: first the record beside the chunks, then receipt and state in one transaction.
 * Harmless when run twice, or early. SPEC.md §10, §13.
 */
export async function finishAsset(context: WorkerContext, assetId: Uint8Array): Promise<void> {
  const { catalog, objects } = context
  failpoint("worker.asset.begin")
  const asset = await findFinished(catalog, assetId)
  if (asset === null) return
  const chunkHashes = await storedChunkHashes(catalog, asset)
  if (chunkHashes === null) return

  const { meetingId, header, headerHash, root, sizeBytes: storedBytes } = asset
  const record = encodeAssetRecord({ header, meetingId, storedBytes, root, chunkHashes })
  failpoint("worker.asset.before-record")
  await objects.put(assetRecordKey(assetId), {
    kind: "bytes",
    bytes: record,
    sha256: createHash("sha256").update(record).digest(),
  })
  failpoint("worker.asset.after-record")

  const day = await today(catalog)
  const receipt = makeReceipt(
    { instanceId: context.instanceId, headerHash, storedBytes, root, day },
    context.receiptSigner,
  )
  failpoint("worker.asset.before-receipt")
  await commitReceipt(catalog, asset, receipt, day)
  failpoint("worker.asset.after-receipt")
}
