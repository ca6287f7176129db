import { once } from "node:events"
import { pipeline } from "node:stream/promises"
import express, { type Request, type RequestHandler, type Response, type Router } from "express"
import { equalBytes, toHex } from "../../shared/protocol/bytes.js"
import { ArchiveError } from "../../shared/protocol/errors.js"
import { LIVE_LEAVES } from "../../shared/protocol/http.js"
import { type AssetId, type MeetingId, parseId } from "../../shared/protocol/ids.js"
import type { AssetReader } from "../../shared/server/assets/reader.js"
import { liveLeaves, readLive } from "../../shared/server/catalog/live.js"
import { readStored, type StoredAsset } from "../../shared/server/catalog/assets.js"
import type { LiveReader } from "../../shared/server/assets/live-reader.js"
import { markAsset } from "../../shared/server/catalog/deletion.js"
import type { Catalog } from "../../shared/server/ports.js"
import { assets } from "../contract.js"
import { mount, parse } from "../mount.js"
import { parseRange } from "./range.js"

export interface AssetRoutesOptions {
  readonly catalog: Catalog
  readonly reader: AssetReader
  readonly liveReader: LiveReader
  /** The meeting whose assets the request's token may read. */
  readonly authoriseReading: (request: Request) => Promise<MeetingId>
  /** Resolves if the request may delete that asset. */
  readonly authoriseDeletion: (request: Request, meetingId: MeetingId, assetId: AssetId) => Promise<void>
  /** Days between a deletion and its purge day. */
  readonly purgeGraceDays: number
  /** Gets what broke a stream off after its head was sent: the reader sees the connection end, and no more. */
  readonly onStreamFailed: (error: unknown) => void
}

/** Sealed bytes of assets that have their receipt, and the hashes to check them by. */
export function createAssetRoutes(options: AssetRoutesOptions): Router {
  const { catalog, reader } = options
  const router = express.Router()

  const named = async (request: Request): Promise<{ readonly meetingId: MeetingId; readonly assetId: AssetId }> => {
    const { meeting, asset } = request.params
    const meetingId = parseId("meeting", typeof meeting === "string" ? meeting : "")
    const assetId = parseId("asset", typeof asset === "string" ? asset : "")
    if (!equalBytes(await options.authoriseReading(request), meetingId))
      throw new ArchiveError("forbidden", "a token for something else")
    return { meetingId, assetId }
  }
  const authorised = async (request: Request): Promise<StoredAsset> => {
    const { meetingId, assetId } = await named(request)
    return await readStored(catalog, meetingId, assetId)
  }

  mount(router, assets.live, [], async ({ request, query }) => {
    const live = await readLive(catalog, await named(request))
    const leaves = await liveLeaves(catalog, live, query.from ?? 0, LIVE_LEAVES)
    return { status: 200, body: { state: live.state, segments: live.segments, head: live.head, leaves } }
  })

  router.get(assets.liveSegments.path, async (request, response) => {
    const live = await readLive(catalog, await named(request))
    const { n } = parse(assets.liveSegments.params, request.params, "the address")
    const { count } = parse(assets.liveSegments.query, request.query, "the query")
    const bytes = await options.liveReader(live, n, count)
    response.status(200).set("Cache-Control", "no-store").type("application/octet-stream").end(bytes)
  })

  mount(router, assets.describe, [], async ({ request }) => {
    const { header, sizeBytes, root, receipt } = await authorised(request)
    return { status: 200, body: { header, sizeBytes, root, receipt } }
  })

  mount(router, assets.remove, [], async ({ request, params }) => {
    await options.authoriseDeletion(request, params.meeting, params.asset)
    const purgeDay = await markAsset(catalog, params.meeting, params.asset, options.purgeGraceDays)
    return { status: 200, body: { purgeDay } }
  })

  const stream: RequestHandler = async (request, response) => {
    await sendStream(request, response, await authorised(request), options)
  }
  router.route(assets.stream.path).get(stream).head(stream)

  router.get(assets.chunkHashes.path, async (request, response) => {
    const asset = await authorised(request)
    const { n } = request.params
    const chunk = /^(?:0|[1-9][0-9]{0,8})$/.test(String(n)) ? Number(n) : Number.POSITIVE_INFINITY
    const hashes = await reader.chunkHashes(asset, chunk)
    response.status(200).set(IMMUTABLE).type("application/cbor").end(hashes)
  })
  return router
}

/** A stored asset never changes; but what was fetched with one token is no other holder's. */
const IMMUTABLE = { "Cache-Control": "private, max-age=31536000, immutable" } as const
const BYTES = { "Accept-Ranges": "bytes", "Content-Type": "application/octet-stream" } as const

async function sendStream(
  request: Request,
  response: Response,
  asset: StoredAsset,
  options: AssetRoutesOptions,
): Promise<void> {
  const etag = `"${toHex(asset.root)}"`
  const head = { ...IMMUTABLE, ...BYTES, ETag: etag }
  if (request.get("if-none-match") === etag) {
    response.status(304).set(head).end()
    return
  }
  // RFC 9110 §13.1.5: of another version the whole is sent.
  const ifRange = request.get("if-range")
  const range = parseRange(
    ifRange === undefined || ifRange === etag ? request.get("range") : undefined,
    asset.sizeBytes,
  )
  if (range.kind === "unsatisfiable") {
    const size = `bytes */${asset.sizeBytes}`
    response
      .status(416)
      .set({ ...BYTES, "Cache-Control": "no-store", "Content-Range": size, "Content-Length": "0" })
      .end()
    return
  }
  const { start, end } = range.kind === "all" ? { start: 0, end: asset.sizeBytes - 1 } : range
  // Begun before the head is sent: a store that is away is a 503, and no stream that breaks off.
  const contents = request.method === "HEAD" ? null : options.reader.stream(asset, start, end)
  if (contents !== null) await once(contents, "readable")
  response.status(range.kind === "all" ? 200 : 206).set(head)
  response.setHeader("Content-Length", end - start + 1)
  if (range.kind === "part") response.setHeader("Content-Range", `bytes ${start}-${end}/${asset.sizeBytes}`)
  if (contents === null) {
    response.end()
    return
  }
  try {
    await pipeline(contents, response)
  } catch (error) {
    // `pipeline` has closed the connection before the announced length. That the reader had gone is no failure.
    if (!isPrematureClose(error)) options.onStreamFailed(error)
  }
}

function isPrematureClose(error: unknown): boolean {
  return error instanceof Error && Reflect.get(error, "code") === "ERR_STREAM_PREMATURE_CLOSE"
}
