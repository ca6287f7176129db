import { createHash } from "node:crypto"
import { createReadStream } from "node:fs"
import { equalBytes } from "../shared/protocol/bytes.js"
import { ArchiveError } from "../shared/protocol/errors.js"
import { chunkKey } from "../shared/server/assets/layout.js"
import {
  findPendingChunk,
  isWanted,
  markStored,
  noteChunkHash,
  type PendingChunk,
  type SpooledPiece,
} from "../shared/server/catalog/chunks.js"
import { beginRemoval } from "../shared/server/catalog/holds.js"
import { failpoint } from "../shared/server/failpoints.js"
import type { Spool } from "../shared/server/ports.js"
import type { WorkerContext } from "./context.js"
import { finishAsset } from "./finish-asset.js"

const READ_BYTES = 1024 * 1024

/**
 * Brings a complete chunk from the spool into the object store. Run twice, late, or by two workers at once, it does the same as once:
 * the object's name says what its bytes hash to, and only one marks it.
 */
export async function storeChunk(context: WorkerContext, assetId: Uint8Array, n: number): Promise<void> {
  const { catalog, objects, spool } = context
  failpoint("worker.chunk.begin")
  const chunk = await findPendingChunk(catalog, assetId, n)
  if (chunk === null) return
  let stored: StoredChunk
  try {
    stored = await putChunk(context, assetId, n, chunk)
  } catch (error) {
    // Another worker may have stored it, and removed its pieces, meanwhile.
    if ((await findPendingChunk(catalog, assetId, n)) === null) return
    throw error
  }
  failpoint("worker.chunk.after-put")
  const emptied = await markStored(catalog, assetId, n, stored.sha256)
  failpoint("worker.chunk.after-mark")
  if (emptied === null) {
    // Cancelled while its bytes were on their way: they are not wanted, unless a hold is on them.
    if (!(await isWanted(catalog, assetId)) && (await beginRemoval(catalog, assetId))) await objects.delete(stored.key)
    return
  }
  for (const name of emptied) await spool.remove(name)
  failpoint("worker.chunk.after-remove")
  // At once and not by a job: while one of the same name runs, a queue may drop the next.
  await finishAsset(context, assetId)
}

interface StoredChunk {
  readonly key: string
  readonly sha256: Uint8Array
}

async function putChunk(
  context: WorkerContext,
  assetId: Uint8Array,
  n: number,
  chunk: PendingChunk,
): Promise<StoredChunk> {
  const { catalog, objects, spool } = context
  const sha256 = chunk.sha256 ?? (await hashOfPieces(spool, chunk.pieces))
  if (chunk.sha256 === null) await noteChunkHash(catalog, assetId, n, sha256)
  const key = chunkKey(assetId, n, sha256)
  failpoint("worker.chunk.before-put")
  await objects.put(key, {
    kind: "files",
    paths: chunk.pieces.map(({ spoolName }) => spool.pathOf(spoolName)),
    sizeBytes: chunk.sizeBytes,
    sha256,
    consume: chunk.pieces.length === 1,
  })
  // A file that was moved is not read again: that it is whole is seen by its size.
  if ((await objects.head(key))?.sizeBytes !== chunk.sizeBytes)
    throw new ArchiveError("integrity", "the object store holds another size than was put")
  return { key, sha256 }
}

/** SHA-256 over the pieces one after another, each checked against its own. */
async function hashOfPieces(spool: Spool, pieces: readonly SpooledPiece[]): Promise<Uint8Array> {
  const whole = createHash("sha256")
  for (const piece of pieces) {
    const own = createHash("sha256")
    for await (const bytes of createReadStream(spool.pathOf(piece.spoolName), {
      highWaterMark: READ_BYTES,
    }) as AsyncIterable<Buffer>) {
      own.update(bytes)
      whole.update(bytes)
    }
    if (!equalBytes(own.digest(), piece.sha256))
      throw new ArchiveError("integrity", "a spooled piece is not what was received")
  }
  return whole.digest()
}
