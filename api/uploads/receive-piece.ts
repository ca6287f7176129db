import type { IncomingMessage } from "node:http"
import { ArchiveError } from "../../shared/protocol/errors.js"
import type { PieceHashes } from "../../shared/server/assets/piece-hasher.js"
import { failpoint } from "../../shared/server/failpoints.js"
import type { Spool } from "../../shared/server/ports.js"

/** A body that brings nothing for so long is given up. */
const IDLE_MS = 30_000

/**
 * Takes a request's body into a spool file, which hashes every segment and the whole as bytes pass by; when it returns, the file is durable.
 * On any failure nothing stays behind.
 * @param onReceived called when all bytes are here, but not durable yet; where it throws, the piece is refused.
 * @throws {@link ArchiveError} `too-large` above `limitBytes`; `interrupted`, `timeout`; `conflict` when `signal` aborts; those of the spool.
 */
export async function receivePiece(
  request: IncomingMessage,
  spool: Spool,
  name: string,
  limitBytes: number,
  signal: AbortSignal,
  onReceived: (sizeBytes: number) => void,
): Promise<PieceHashes> {
  const file = await spool.create(name)
  try {
    failpoint("upload.piece.before-write")
    let sizeBytes = 0
    await forEachPacket(request, signal, (bytes) => {
      sizeBytes += bytes.length
      if (sizeBytes > limitBytes)
        throw new ArchiveError("too-large", "a piece that crosses the end of its chunk or of the stream")
      return file.add(bytes)
    })
    onReceived(sizeBytes)
    failpoint("upload.piece.before-sync")
    const hashes = await file.commit()
    failpoint("upload.piece.after-sync")
    return hashes
  } catch (error) {
    await file.discard()
    throw error
  }
}

/**
 * Gives each packet of the body to `take`, and waits for what that returns. By events: an iterator costs a turn of the loop for each packet.
 * Where `take` throws, the connection stays open, for the answer.
 */
function forEachPacket(
  request: IncomingMessage,
  signal: AbortSignal,
  take: (bytes: Buffer) => Promise<void> | null,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const idle = setTimeout(() => {
      giveUp(new ArchiveError("timeout", "a body that brings nothing"))
    }, IDLE_MS)
    let going = true
    const end = (error?: unknown): void => {
      going = false
      clearTimeout(idle)
      request.off("data", onData).off("end", onEnd).off("close", onClose).off("error", onError)
      signal.removeEventListener("abort", onAbort)
      if (error === undefined) resolve()
      else {
        request.pause()
        // What comes after must not count as unhandled.
        request.on("error", () => undefined)
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- what was thrown is passed on as it is
        reject(error)
      }
    }
    const giveUp = (error: ArchiveError): void => {
      end(error)
      request.destroy()
    }
    const onData = (bytes: Buffer): void => {
      idle.refresh()
      try {
        const busy = take(bytes)
        if (busy === null) return
        request.pause()
        busy.then(() => {
          if (going) request.resume()
        }, end)
      } catch (error) {
        end(error)
      }
    }
    const onEnd = (): void => {
      end(request.complete ? undefined : interrupted())
    }
    const onClose = (): void => {
      end(interrupted())
    }
    const onError = (cause: Error): void => {
      end(interrupted(cause))
    }
    const onAbort = (): void => {
      giveUp(new ArchiveError("conflict", "another request took over this upload"))
    }
    if (signal.aborted) onAbort()
    else if (request.destroyed) onClose()
    else {
      signal.addEventListener("abort", onAbort, { once: true })
      request.on("end", onEnd).on("close", onClose).on("error", onError).on("data", onData)
    }
  })
}

function interrupted(cause?: unknown): ArchiveError {
  return new ArchiveError("interrupted", "the request ended early", { cause })
}
