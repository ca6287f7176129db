import { open } from "node:fs/promises"
import { buffer as bufferOf } from "node:stream/consumers"
import { ArchiveError } from "../../protocol/errors.js"
import { LIVE_SEGMENTS } from "../../protocol/http.js"
import { CHUNK_BYTES, SEGMENT_BYTES, SEGMENTS_PER_CHUNK } from "../../protocol/sizes.js"
import { type LiveAsset, type LivePiece, locateChunk } from "../catalog/live.js"
import type { Catalog, ObjectStore, Spool } from "../ports.js"
import { chunkKey } from "./layout.js"

/**
 * Sealed segments of a live asset from `first` on, under its head and of one chunk, whether they are stored by now or still in the spool.
 * @throws {@link ArchiveError} `not-found` for other segments than are there; `malformed` for more than one answer holds; `unavailable`.
 */
export type LiveReader = (live: LiveAsset, first: number, count: number) => Promise<Uint8Array>

/** The worker may move a chunk between the look at the catalog and the reading. */
const ATTEMPTS = 3

export function createLiveReader(catalog: Catalog, objects: ObjectStore, spool: Spool): LiveReader {
  const read = async (live: LiveAsset, start: number, sizeBytes: number): Promise<Uint8Array> => {
    const n = Math.floor(start / CHUNK_BYTES)
    const place = await locateChunk(catalog, live.assetId, n)
    if (place.kind === "pieces") return await readPieces(spool, place.pieces, start, sizeBytes)
    const from = start - n * CHUNK_BYTES
    const range = { start: from, end: from + sizeBytes - 1 }
    const bytes = await bufferOf(await objects.get(chunkKey(live.assetId, n, place.sha256), range))
    if (bytes.length !== sizeBytes) throw new ArchiveError("unavailable", "the object store gave other bytes")
    return bytes
  }
  return async (live, first, count) => {
    if (count < 1 || count > LIVE_SEGMENTS || (first % SEGMENTS_PER_CHUNK) + count > SEGMENTS_PER_CHUNK)
      throw new ArchiveError("malformed", `1 to ${LIVE_SEGMENTS} segments of one chunk can be asked for`)
    if (first + count > live.segments) throw new ArchiveError("not-found", "no such segments yet")
    for (let attempt = 1; ; attempt++) {
      try {
        return await read(live, first * SEGMENT_BYTES, count * SEGMENT_BYTES)
      } catch (error) {
        if (attempt === ATTEMPTS)
          throw new ArchiveError("unavailable", "these segments can't be read now", { cause: error })
      }
    }
  }
}

async function readPieces(
  spool: Spool,
  pieces: readonly LivePiece[],
  start: number,
  sizeBytes: number,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(sizeBytes)
  let filled = 0
  for (const piece of pieces) {
    const from = Math.max(0, start - piece.startBytes)
    const wanted = Math.min(piece.sizeBytes - from, sizeBytes - filled)
    if (wanted <= 0) continue
    const file = await open(spool.pathOf(piece.spoolName))
    try {
      const { bytesRead } = await file.read(bytes, filled, wanted, from)
      if (bytesRead !== wanted) throw new ArchiveError("unavailable", "a spooled piece is shorter than it was")
    } finally {
      await file.close()
    }
    filled += wanted
  }
  if (filled !== sizeBytes) throw new ArchiveError("unavailable", "pieces of this chunk are missing")
  return bytes
}
