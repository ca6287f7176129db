import { concatBytes, equalBytes } from "../../shared/protocol/bytes.js"
import { ArchiveError } from "../../shared/protocol/errors.js"
import { buildChunkTree, subtreeRoot } from "../../shared/server/assets/chunk-tree.js"
import { chunkCount } from "../../shared/protocol/sizes.js"
import {
  acknowledgedLeaves,
  finishUpload,
  findUpload,
  storedBytes,
  type Upload,
} from "../../shared/server/catalog/uploads.js"
import type { Catalog } from "../../shared/server/ports.js"
import { failpoint } from "../../shared/server/failpoints.js"
import type { UploadContext } from "./context.js"
import { checkStreamSize } from "./piece-rules.js"

export interface UploadStatus {
  readonly state: Upload["state"]
  readonly offsetBytes: number
  readonly storedBytes: number
  readonly receipt?: Uint8Array
}

export async function uploadStatus(catalog: Catalog, upload: Upload): Promise<UploadStatus> {
  const { state, offsetBytes, receipt } = upload
  return {
    state,
    offsetBytes,
    storedBytes: await storedBytes(catalog, upload.assetId),
    ...(receipt === null ? {} : { receipt }),
  }
}

/**
 * Ends an upload: its length is what was acknowledged, and its root what the server hashed itself. Idempotent.
 * @throws {@link ArchiveError} `conflict` for another length than was acknowledged or was said before; `integrity` for another root; `malformed`
 * for a length that no stream has. Nothing changes then.
 */
export async function finish(
  context: UploadContext,
  upload: Upload,
  sizeBytes: number,
  root: Uint8Array,
): Promise<UploadStatus> {
  if (upload.state === "uploading") {
    checkStreamSize(upload, sizeBytes)
    if (sizeBytes !== upload.offsetBytes)
      throw new ArchiveError("conflict", `${upload.offsetBytes} bytes have come, not ${sizeBytes}`)
    if (upload.sizeBytes !== null && upload.sizeBytes !== sizeBytes)
      throw new ArchiveError("conflict", "another length than was declared")
    if (!equalBytes(await acknowledgedRoot(context.catalog, upload), root))
      throw new ArchiveError("integrity", "another root than that of the bytes that came")
    failpoint("upload.finish.before-commit")
    await finishUpload(context.catalog, upload.assetId, sizeBytes, root)
    failpoint("upload.finish.after-commit")
  }
  const now = await findUpload(context.catalog, upload.assetId)
  if (now === null || now.state === "cancelled") throw new ArchiveError("not-found", "no such upload")
  if (now.root === null || now.sizeBytes !== sizeBytes || !equalBytes(now.root, root)) {
    throw new ArchiveError("conflict", "the upload goes on, or was finished with another length or root")
  }
  const status = await uploadStatus(context.catalog, now)
  if (now.state === "storing") {
    if (status.storedBytes < sizeBytes) await context.nudge(now.assetId, chunkCount(sizeBytes) - 1)
    await context.nudge(now.assetId, null)
  }
  return status
}

/** The Merkle root over what was acknowledged, from the leaf hashes alone. SPEC.md §4.4. */
async function acknowledgedRoot(catalog: Catalog, upload: Upload): Promise<Uint8Array> {
  const chunkRoots: Uint8Array[] = []
  for await (const leaves of acknowledgedLeaves(catalog, upload.assetId)) chunkRoots.push(subtreeRoot(leaves))
  const top = buildChunkTree(concatBytes(...chunkRoots)).levels.at(-1)
  if (top === undefined) throw new ArchiveError("internal", "a tree without a root")
  return top
}
