import { decodeAssetHeader } from "../../shared/protocol/asset-header.js"
import { ArchiveError } from "../../shared/protocol/errors.js"
import { CHUNK_BYTES, isStreamSize, SEGMENT_BYTES } from "../../shared/protocol/sizes.js"
import type { Upload } from "../../shared/server/catalog/uploads.js"

/** What a piece may be: 1 to 128 whole segments within one chunk; the stream's last segment may be short. SPEC.md §4.2. */

/** How many bytes a piece at the upload's offset may have. @throws {@link ArchiveError} `conflict` where nothing can follow. */
export function pieceLimitBytes(upload: Upload): number {
  if (upload.state !== "uploading") throw new ArchiveError("conflict", "the upload is finished")
  if (upload.offsetBytes % SEGMENT_BYTES !== 0)
    throw new ArchiveError("conflict", "the stream ended with a short segment")
  const inChunk = CHUNK_BYTES - (upload.offsetBytes % CHUNK_BYTES)
  return upload.sizeBytes === null ? inChunk : Math.min(inChunk, upload.sizeBytes - upload.offsetBytes)
}

/** @throws {@link ArchiveError} `too-large` for a piece that crosses its chunk or the stream's end; `malformed` for segments that are not whole. */
export function checkPieceSize(upload: Upload, sizeBytes: number): void {
  if (sizeBytes > pieceLimitBytes(upload))
    throw new ArchiveError("too-large", "a piece that crosses the end of its chunk or of the stream")
  const end = upload.offsetBytes + sizeBytes
  const whole = sizeBytes > 0 && sizeBytes % SEGMENT_BYTES === 0
  const last = upload.sizeBytes === null || upload.sizeBytes === end
  if (!whole && !(last && isStreamSize(end, kindOf(upload))))
    throw new ArchiveError("malformed", "a piece that is not whole segments")
}

export function checkStreamSize(upload: Upload, sizeBytes: number): void {
  assertStreamSize(sizeBytes, kindOf(upload))
}

/** @throws {@link ArchiveError} `malformed` if no stream of this kind is `sizeBytes` long. */
export function assertStreamSize(sizeBytes: number, kind: "file" | "live"): void {
  if (!isStreamSize(sizeBytes, kind)) throw new ArchiveError("malformed", `no stream is ${sizeBytes} bytes long`)
}

function kindOf(upload: Upload): "file" | "live" {
  return decodeAssetHeader(upload.header).kind
}
