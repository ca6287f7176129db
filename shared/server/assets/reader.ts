import { Readable } from "node:stream"
import { concatBytes, toHex } from "../../protocol/bytes.js"
import { encodeCbor } from "../../protocol/cbor.js"
import { ArchiveError } from "../../protocol/errors.js"
import { CHUNK_BYTES, chunkCount } from "../../protocol/sizes.js"
import { chunkHashesBetween, leafHashesOf, leafHashesOfAll, type StoredAsset } from "../catalog/assets.js"
import type { Catalog, ObjectStore } from "../ports.js"
import { buildChunkTree, chunkAuditPath, type ChunkTree, subtreeRoot } from "./chunk-tree.js"
import { chunkKey } from "./layout.js"

/** Rows of chunks that are asked for at once. */
const CHUNKS_PER_QUERY = 64
const BUFFERED_BYTES = 1024 * 1024

/** Reads what has its receipt: sealed bytes of any range, and the hashes by which readers check them. */
export interface AssetReader {
  /**
   * The sealed stream's bytes `start` to `end`, inclusive, across chunks; to be destroyed when nobody wants the rest.
   * It fails, and never ends early, where the store does not give all of them.
   */
  stream(asset: StoredAsset, start: number, end: number): Readable
  /** Chunk hashes as served, SPEC.md §4.4. @throws {@link ArchiveError} `not-found` if there is no chunk `n`. */
  chunkHashes(asset: StoredAsset, n: number): Promise<Uint8Array>
}

/** @param treeCacheBytes bounds what is kept of assets' trees: 64 bytes a chunk. */
export function createAssetReader(catalog: Catalog, objects: ObjectStore, treeCacheBytes: number): AssetReader {
  const treeOf = createTreeCache(catalog, treeCacheBytes)
  return {
    stream: (asset, start, end) => {
      return Readable.from(readRange(catalog, objects, asset, start, end), {
        objectMode: false,
        highWaterMark: BUFFERED_BYTES,
      })
    },
    chunkHashes: async (asset, n) => {
      if (n >= chunkCount(asset.sizeBytes)) throw new ArchiveError("not-found", `no chunk ${n}`)
      const [leaves, tree] = await Promise.all([leafHashesOf(catalog, asset.assetId, n), treeOf(asset)])
      return encodeCbor([1, leaves, chunkAuditPath(tree, n)])
    },
  }
}

interface ChunkPart {
  readonly key: string
  readonly start: number
  readonly end: number
}

async function* readRange(
  catalog: Catalog,
  objects: ObjectStore,
  asset: StoredAsset,
  start: number,
  end: number,
): AsyncGenerator<Uint8Array> {
  let next: Promise<Readable> | undefined
  try {
    const parts = partsOf(catalog, asset, start, end)
    let part = await nextOf(parts)
    while (part !== undefined) {
      const opening = next ?? openPart(objects, part)
      next = undefined
      const object = await opening
      const following = await nextOf(parts)
      // The next object is being opened while this one flows.
      next = following === undefined ? undefined : openPart(objects, following)
      let sizeBytes = 0
      for await (const bytes of object as AsyncIterable<Uint8Array>) {
        sizeBytes += bytes.length
        yield bytes
      }
      if (sizeBytes !== part.end - part.start + 1)
        throw new ArchiveError("unavailable", "the object store gave fewer bytes than it holds")
      part = following
    }
  } finally {
    void next?.then(
      (object) => object.destroy(),
      () => undefined,
    )
  }
}

function openPart(objects: ObjectStore, part: ChunkPart): Promise<Readable> {
  const opening = objects.get(part.key, { start: part.start, end: part.end })
  // Its failure is met when its turn comes; until then it must not count as unhandled.
  opening.catch(() => undefined)
  return opening
}

async function* partsOf(catalog: Catalog, asset: StoredAsset, start: number, end: number): AsyncGenerator<ChunkPart> {
  const lastChunk = Math.floor(end / CHUNK_BYTES)
  for (let first = Math.floor(start / CHUNK_BYTES); first <= lastChunk; first += CHUNKS_PER_QUERY) {
    const hashes = await chunkHashesBetween(
      catalog,
      asset.assetId,
      first,
      Math.min(lastChunk, first + CHUNKS_PER_QUERY - 1),
    )
    for (const [index, sha256] of hashes.entries()) {
      const begins = (first + index) * CHUNK_BYTES
      yield {
        key: chunkKey(asset.assetId, first + index, sha256),
        start: Math.max(start, begins) - begins,
        end: Math.min(end, begins + CHUNK_BYTES - 1) - begins,
      }
    }
  }
}

async function nextOf<T>(items: AsyncGenerator<T>): Promise<T | undefined> {
  const result = await items.next()
  return result.done === true ? undefined : result.value
}

/** Trees of the assets that were asked for last: a stored asset's never changes. */
function createTreeCache(catalog: Catalog, limitBytes: number): (asset: StoredAsset) => Promise<ChunkTree> {
  const trees = new Map<string, ChunkTree>()
  let sizeBytes = 0
  return async (asset) => {
    const key = toHex(asset.assetId)
    const found = trees.get(key)
    if (found !== undefined) {
      trees.delete(key)
      trees.set(key, found)
      return found
    }
    const roots: Uint8Array[] = []
    for await (const leaves of leafHashesOfAll(catalog, asset)) roots.push(subtreeRoot(leaves))
    const tree = buildChunkTree(concatBytes(...roots))
    if (!trees.has(key)) sizeBytes += tree.sizeBytes
    trees.set(key, tree)
    for (const [oldKey, old] of trees) {
      if (sizeBytes <= limitBytes || oldKey === key) break
      trees.delete(oldKey)
      sizeBytes -= old.sizeBytes
    }
    return tree
  }
}
