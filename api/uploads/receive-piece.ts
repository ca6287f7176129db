import type { IncomingMessage } from "node:http"
import { ArchiveError, isArchiveError } from "../../shared/protocol/errors.js"
import { PieceHasher, type PieceHashes } from "../../shared/server/assets/piece-hasher.js"
import { failpoint } from "../../shared/server/failpoints.js"
import type { Spool } from "../../shared/server/ports.js"

/** Written at once, so that the thread pool is asked once for many packets. */
const BLOCK_BYTES = 1024 * 1024
/** A body that brings nothing for so long is given up. */
const IDLE_MS = 30_000

/**
 * Takes a request's body into a spool file, hashing every segment and the whole as bytes pass by; when it returns, the file is durable.
 * On any failure nothing stays behind.
 * @throws {@link ArchiveError} `too-large` above `limitBytes`; `interrupted`, `timeout`; `conflict` when `signal` aborts; those of the spool.
 */
export async function receivePiece(
  request: IncomingMessage,
  spool: Spool,
  name: string,
  limitBytes: number,
  signal: AbortSignal,
): Promise<PieceHashes> {
  const file = await spool.create(name)
  let writing: Promise<void> = Promise.resolve()
  try {
    failpoint("upload.piece.before-write")
    const hasher = new PieceHasher()
    // One is filled while the other is being written.
    let [filling, resting] = [Buffer.allocUnsafe(BLOCK_BYTES), Buffer.allocUnsafe(BLOCK_BYTES)]
    let filledBytes = 0
    for await (const bytes of bodyOf(request, signal)) {
      if (hasher.sizeBytes + bytes.length > limitBytes) throw new ArchiveError("too-large", "a piece that crosses the end of its chunk or of the stream")
      hasher.update(bytes)
      for (let offset = 0; offset < bytes.length; ) {
        const copied = bytes.copy(filling, filledBytes, offset)
        offset += copied
        filledBytes += copied
        if (filledBytes < BLOCK_BYTES) continue
        await writing
        writing = file.write(filling)
        // It is awaited before the next one; until then a failure must not count as unhandled.
        writing.catch(() => undefined)
        ;[filling, resting] = [resting, filling]
        filledBytes = 0
      }
    }
    await writing
    if (filledBytes > 0) await file.write(filling.subarray(0, filledBytes))
    const hashes = hasher.finish()
    failpoint("upload.piece.before-sync")
    await file.commit()
    failpoint("upload.piece.after-sync")
    return hashes
  } catch (error) {
    await writing.catch(() => undefined)
    await file.discard()
    throw error
  }
}

async function* bodyOf(request: IncomingMessage, signal: AbortSignal): AsyncGenerator<Buffer> {
  let reason = new ArchiveError("interrupted", "the request ended early")
  const stop = (error: ArchiveError): void => {
    reason = error
    request.destroy(error)
  }
  const onAbort = (): void => {
    stop(new ArchiveError("conflict", "another request took over this upload"))
  }
  const idle = setTimeout(() => {
    stop(new ArchiveError("timeout", "a body that brings nothing"))
  }, IDLE_MS)
  signal.addEventListener("abort", onAbort, { once: true })
  if (signal.aborted) onAbort()
  try {
    // The connection is still needed for the answer when the reader stops early.
    for await (const bytes of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      idle.refresh()
      yield bytes
    }
    if (!request.complete) throw reason
  } catch (cause) {
    throw isArchiveError(cause) ? cause : new ArchiveError(reason.code, reason.message, { cause })
  } finally {
    clearTimeout(idle)
    signal.removeEventListener("abort", onAbort)
  }
}
