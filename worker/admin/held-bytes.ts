import { open } from "node:fs/promises"
import { toHex } from "../../shared/protocol/bytes.js"
import { ArchiveError, isArchiveError } from "../../shared/protocol/errors.js"
import { CHUNK_BYTES } from "../../shared/protocol/sizes.js"
import { chunkKey } from "../../shared/server/assets/layout.js"
import { systemErrorCode, translateFileError } from "../../shared/server/files.js"
import { type MessageBytes, PackRemoved, withBytes } from "../../shared/server/catalog/packs.js"
import type { ObjectStore, Queryable, Spool } from "../../shared/server/ports.js"
import { heldAndLive } from "./scope-rows.js"

/** Bytes that rows of a snapshot name, while the service goes on with them. */

/** Where bytes are. `catalog` shows what is true now, not in the snapshot. */
export interface ByteSources {
  readonly catalog: Queryable
  readonly objects: ObjectStore
  readonly spool: Spool
}

export interface AssetRow {
  readonly asset_id: Uint8Array
  readonly state: string
  /** Whether its bytes are being removed: those that are still there are given. */
  readonly removing: boolean
}

export interface PieceRow {
  readonly start_bytes: number
  readonly size_bytes: number
  readonly spool_name: string
}

const COPY_BYTES = 1 << 20

/**
 * An object of the asset; `null` where its bytes are being removed, as they may be gone before its row.
 * @throws {@link ArchiveError} `unavailable` where that began after the snapshot; `integrity` where bytes are lost.
 */
export async function openObject(
  sources: ByteSources,
  asset: AssetRow,
  key: string,
  range?: { readonly start: number; readonly end: number },
): Promise<AsyncIterable<Uint8Array> | null> {
  try {
    return await sources.objects.get(key, range)
  } catch (error) {
    if (isArchiveError(error) && error.code === "not-found") return await gone(sources, asset)
    throw error
  }
}

/** The bytes of a piece. One whose file is gone became part of a stored chunk since the snapshot. Otherwise as {@link openObject}. */
export async function openPiece(
  sources: ByteSources,
  asset: AssetRow,
  piece: PieceRow,
): Promise<AsyncIterable<Uint8Array> | null> {
  try {
    const file = await open(sources.spool.pathOf(piece.spool_name))
    return file.createReadStream({ highWaterMark: COPY_BYTES })
  } catch (error) {
    if (systemErrorCode(error) !== "ENOENT") throw translateFileError(error, "the spool")
  }
  const n = Math.floor(piece.start_bytes / CHUNK_BYTES)
  const [chunk] = await sources.catalog.query<{ sha256: Uint8Array }>(
    `SELECT sha256 FROM (${heldAndLive("chunks", "asset")}) held WHERE n = $2 AND sha256 IS NOT NULL`,
    [asset.asset_id, n],
  )
  if (chunk === undefined) return await gone(sources, asset)
  const start = piece.start_bytes - n * CHUNK_BYTES
  const range = { start, end: start + piece.size_bytes - 1 }
  return await openObject(sources, asset, chunkKey(asset.asset_id, n, chunk.sha256), range)
}

/** A message's row as far as its bytes need it; it is given whole. */
export type MessageRow = MessageBytes & { readonly hash: Uint8Array }

/**
 * Rows with their messages' bytes, wherever these are.
 * @throws {@link ArchiveError} `unavailable` where messages were purged after the snapshot; `integrity` where bytes are lost.
 */
export async function openMessages(
  { catalog, objects }: ByteSources,
  rows: readonly MessageRow[],
): Promise<readonly (MessageRow & { readonly message: Uint8Array })[]> {
  try {
    return await withBytes(objects, rows)
  } catch (error) {
    if (!(error instanceof PackRemoved)) throw error
    const [whole] = await catalog.query("SELECT 1 FROM message_packs WHERE pack_id = $1 AND NOT lost_rows", [
      error.packId,
    ])
    if (whole !== undefined) throw error
    throw new ArchiveError("unavailable", "messages were purged meanwhile: produce again", {
      place: `pack ${toHex(error.packId)}`,
    })
  }
}

/** Of an object, or a piece, that is not there: as {@link openObject}. */
export async function gone({ catalog }: ByteSources, asset: AssetRow): Promise<null> {
  if (asset.removing) return null
  const place = `asset ${toHex(asset.asset_id)}`
  const [now] = await catalog.query<{ removing: boolean }>(
    `SELECT removing FROM (${heldAndLive("assets", "asset")}) held`,
    [asset.asset_id],
  )
  if (now?.removing !== false)
    throw new ArchiveError("unavailable", "an asset was deleted meanwhile: produce again", { place })
  throw new ArchiveError("integrity", "bytes that the catalog names are not in the store", { place })
}
