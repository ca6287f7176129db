import { fromHex } from "../shared/protocol/bytes.js"
import type { Job } from "../shared/server/ports.js"
import type { WorkerContext } from "./context.js"
import { finishAsset } from "./finish-asset.js"
import { storeChunk } from "./store-chunk.js"

/** One job; what it is about is read from the catalog. */
export async function runJob(context: WorkerContext, job: Job): Promise<void> {
  const assetId = fromHex(job.asset)
  switch (job.name) {
    case "store-chunk":
      await storeChunk(context, assetId, job.chunk)
      break
    case "finish-asset":
      await finishAsset(context, assetId)
      break
  }
}
