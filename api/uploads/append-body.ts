import { randomBytes } from "node:crypto"
import type { IncomingMessage } from "node:http"
import { ArchiveError, type ErrorCode, isArchiveError } from "../../shared/protocol/errors.js"
import { pieceName } from "../../shared/server/assets/layout.js"
import { appendPiece, unstoredBytes, type Upload } from "../../shared/server/catalog/uploads.js"
import { hasCaps, requireRoom, withinCaps } from "../../shared/server/catalog/room.js"
import { failpoint } from "../../shared/server/failpoints.js"
import type { UploadContext } from "./context.js"
import type { HeldLease } from "./lease-locks.js"
import { checkPieceSize, pieceLimitBytes } from "./piece-rules.js"
import { receivePiece } from "./receive-piece.js"

/** After these it is certain that no row names the file. */
const REFUSALS: ReadonlySet<ErrorCode> = new Set(["conflict", "malformed", "too-large", "quota-exceeded"])

/**
 * Appends what a PATCH brings: one piece, all of it or nothing. When it returns, the piece is durable and acknowledged in the catalog.
 * An empty body (which may come to declare a length) changes nothing.
 * @returns the new offset.
 * @throws {@link ArchiveError} `conflict`, `too-large`, `malformed` for what can't follow here; `unavailable` while too much waits to be stored;
 * `out-of-space`; `quota-exceeded` for an upload of no declared length that grows beyond its room.
 */
export async function appendBody(context: UploadContext, request: IncomingMessage, lease: HeldLease): Promise<number> {
  const { upload, turn } = lease
  const announced = request.headers["content-length"]
  if (announced === "0") return upload.offsetBytes
  const limitBytes = pieceLimitBytes(upload)
  if (announced !== undefined) checkPieceSize(upload, Number(announced))
  await admit(context, upload, announced === undefined ? limitBytes : Number(announced))

  const spoolName = pieceName(upload.assetId, lease.token, randomBytes(8))
  const hashes = await receivePiece(request, context.spool, spoolName, limitBytes, lease.signal, (sizeBytes) => {
    checkPieceSize(upload, sizeBytes)
    turn.received({ ...upload, offsetBytes: upload.offsetBytes + sizeBytes })
  })
  let chunk: number | null
  try {
    await turn.awaitBefore()
    failpoint("upload.piece.before-commit")
    const piece = {
      assetId: upload.assetId,
      leaseToken: lease.token,
      keepsLease: turn.isFollowed(),
      startBytes: upload.offsetBytes,
      hashes,
      spoolName,
    }
    chunk =
      upload.sizeBytes === null && hasCaps(context.byteCaps)
        ? await withinCaps(
            context.catalog,
            context.byteCaps,
            upload.meetingId,
            async (transaction) => await appendPiece(transaction, piece),
          )
        : await appendPiece(context.catalog, piece)
  } catch (error) {
    // Where it is not known whether the row was written, the file stays: the reconciler removes what no row names.
    if (isArchiveError(error) && REFUSALS.has(error.code)) await context.spool.remove(spoolName)
    throw error
  }
  turn.acknowledge()
  failpoint("upload.piece.after-commit")
  if (chunk !== null) await context.nudge(upload.assetId, chunk)
  failpoint("upload.piece.before-answer")
  return upload.offsetBytes + hashes.sizeBytes
}

/** Backpressure, before a byte is read. */
async function admit(context: UploadContext, upload: Upload, sizeBytes: number): Promise<void> {
  if (upload.sizeBytes === null) await requireRoom(context.catalog, context.byteCaps, upload.meetingId, sizeBytes)
  const waitingBytes = await unstoredBytes(context.catalog, upload.assetId, upload.offsetBytes)
  if (waitingBytes + sizeBytes > context.unstoredBytes) {
    throw new ArchiveError("unavailable", "earlier pieces are still being stored", { retryAfterMs: 1_000 })
  }
  if ((await context.spool.freeBytes()) - sizeBytes < context.reserveBytes) {
    throw new ArchiveError("out-of-space", "the server's disk is nearly full")
  }
}
