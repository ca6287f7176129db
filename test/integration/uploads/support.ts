import { randomBytes } from "node:crypto"
import { mkdtemp, readdir, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import { createAssetRoutes } from "../../../api/assets/routes.js"
import { authoriseDeletion, authoriseNewestEpoch } from "../../../api/authorise.js"
import { startApi } from "../../../api/start.js"
import { createUploadRoutes } from "../../../api/uploads/routes.js"
import { type AssetKind, encodeAssetHeader } from "../../../shared/protocol/asset-header.js"
import type { RandomBytes } from "../../../shared/protocol/ambient.js"
import { toBase64Url, toHex } from "../../../shared/protocol/bytes.js"
import { AssetResponse, UploadStatusResponse } from "../../../shared/protocol/http.js"
import { asId, type AssetId, formatId, type MeetingId } from "../../../shared/protocol/ids.js"
import { leafHash, merkleRoot } from "../../../shared/protocol/merkle.js"
import { SEGMENT_BYTES } from "../../../shared/protocol/sizes.js"
import { nodeSha256, secureRandom } from "../../../shared/server/ambient.js"
import { createLiveReader } from "../../../shared/server/assets/live-reader.js"
import { createAssetReader } from "../../../shared/server/assets/reader.js"
import { openInstance } from "../../../shared/server/catalog/instance.js"
import { createInProcessQueue } from "../../../shared/server/jobs/in-process.js"
import { createInProcessFeed } from "../../../shared/server/changes/in-process.js"
import { createLogger } from "../../../shared/server/logger.js"
import { openFolderStore } from "../../../shared/server/objects/folder.js"
import type { ByteCaps } from "../../../shared/server/config.js"
import type { Catalog, Job, JobQueue, ObjectStore, Spool } from "../../../shared/server/ports.js"
import { signaturesReady, signerOfSeed } from "../../../shared/server/signatures.js"
import { openFolderSpool } from "../../../shared/server/spool/folder.js"
import type { WorkerContext } from "../../../worker/context.js"
import { cleanUp, nudgeUnfinished } from "../../../worker/reconciler.js"
import { runJob } from "../../../worker/run-job.js"
import { type Answer, call } from "../../support/api-client.js"
import { createTestDatabase } from "../../support/postgres.js"

export interface Stack {
  readonly url: string
  readonly catalog: Catalog
  readonly spool: Spool
  readonly objects: ObjectStore
  readonly worker: WorkerContext
  readonly meetingId: MeetingId
  readonly meetingToken: string
  readonly instanceKey: Uint8Array
  readonly serverKeys: readonly Uint8Array[]
  /** Every job that was enqueued and not run yet, where no worker runs. */
  readonly jobs: Job[]
  runJobs(): Promise<void>
  spooledFiles(): Promise<readonly string[]>
  objectKeys(assetId: Uint8Array): Promise<readonly string[]>
  stop(): Promise<void>
}

export interface StackOptions {
  /** Takes jobs as they come; otherwise a test runs them itself. */
  readonly working?: boolean
  readonly unstoredBytes?: number
  readonly reserveBytes?: number
  readonly byteCaps?: Partial<ByteCaps>
  readonly openObjects?: (folder: string) => Promise<ObjectStore>
  /** Stands between the API and its catalog or spool. */
  readonly catalogOf?: (catalog: Catalog) => Catalog
  readonly spoolOf?: (spool: Spool) => Spool
  /** What the instance's keys come from. */
  readonly random?: RandomBytes
}

/** API with uploads and assets, and a worker's context, on a fresh database, a folder store and a folder spool. */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  await signaturesReady()
  const database = await createTestDatabase()
  const folder = await mkdtemp(join(tmpdir(), "taciturn-test-uploads-"))
  const { catalog } = database
  const apiCatalog = options.catalogOf?.(catalog) ?? catalog
  const objects = await (options.openObjects ?? openFolderStore)(join(folder, "objects"))
  const spool = await openFolderSpool(join(folder, "spool"))
  const instance = await openInstance(catalog, options.random ?? secureRandom, signerOfSeed)
  const logger = createLogger("silent")
  const jobs: Job[] = []
  const queue: JobQueue = options.working === true ? createInProcessQueue() : recordingQueue(jobs)
  const { instanceId, receiptSigner } = instance
  const worker: WorkerContext = { catalog, objects, spool, jobs: queue, instanceId, receiptSigner, logger }
  queue.work((job) => runJob(worker, job), { concurrency: 4 })
  const { meetingId, meetingToken } = await insertMeeting(catalog)

  const api = await startApi({
    settings: {
      host: "127.0.0.1",
      port: 0,
      publicUrls: [],
      version: "0.0.0-test",
      unstoredBytes: 64 * 1024 * 1024,
      byteCaps: { meetingBytes: null, instanceBytes: null },
      meetingCode: null,
      anonymousRequestsPerMinute: 0,
      requestsPerMinute: 0,
      trustedProxies: 0,
      drainMs: 2_000,
      purgeGraceDays: 0,
    },
    catalog: apiCatalog,
    instance,
    changes: createInProcessFeed(),
    random: secureRandom,
    logger,
    objects,
    routers: [
      createUploadRoutes({
        catalog: apiCatalog,
        spool: options.spoolOf?.(spool) ?? spool,
        jobs: queue,
        unstoredBytes: options.unstoredBytes ?? 64 * 1024 * 1024,
        reserveBytes: options.reserveBytes ?? 0,
        byteCaps: { meetingBytes: null, instanceBytes: null, ...options.byteCaps },
        authoriseCreation: (request) => authoriseNewestEpoch(apiCatalog, request),
        onNudgeFailed: () => undefined,
      }),
      createAssetRoutes({
        catalog: apiCatalog,
        reader: createAssetReader(catalog, objects, 1024 * 1024),
        liveReader: createLiveReader(catalog, objects, spool),
        authoriseReading: (request) => authoriseNewestEpoch(apiCatalog, request),
        authoriseDeletion: (request, meetingId, assetId) => authoriseDeletion(apiCatalog, request, meetingId, assetId),
        purgeGraceDays: 0,
        onStreamFailed: () => undefined,
      }),
    ],
  })
  return {
    url: api.address,
    catalog,
    spool,
    objects,
    worker,
    meetingId,
    meetingToken,
    instanceKey: instance.instanceKey,
    serverKeys: instance.serverKeys,
    jobs,
    runJobs: async () => {
      for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) await runJob(worker, job)
    },
    spooledFiles: async () => await readdir(join(folder, "spool")),
    objectKeys: async (assetId) => {
      const keys: string[] = []
      for await (const { key } of objects.list(`c/${toHex(assetId)}/`)) keys.push(key)
      return keys.sort()
    },
    stop: async () => {
      await api.stop()
      await queue.close()
      await objects.close()
      await database.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function recordingQueue(jobs: Job[]): JobQueue {
  return {
    enqueue: (job) => {
      jobs.push(job)
      return Promise.resolve()
    },
    work: () => undefined,
    close: () => Promise.resolve(),
  }
}

/** A meeting and a token of its newest epoch: how they come to be is tested elsewhere. */
export async function insertMeeting(
  catalog: Catalog,
): Promise<{ readonly meetingId: MeetingId; readonly meetingToken: string }> {
  const meetingId = asId("meeting", new Uint8Array(randomBytes(16)))
  const token = randomBytes(32)
  await catalog.query(
    "INSERT INTO meetings (meeting_id, head_seq, head_hash, epoch, asset_count, stored_bytes, created_day) VALUES ($1, 0, $2, 0, 0, 0, 1)",
    [meetingId, randomBytes(32)],
  )
  await catalog.query(
    "INSERT INTO tokens (token_hash, subject, scope, epoch, expires_at) VALUES ($1, $2, 'access', 0, now() + interval '1 hour')",
    [nodeSha256(token), meetingId],
  )
  return { meetingId, meetingToken: toBase64Url(token) }
}

export interface TestAsset {
  readonly assetId: AssetId
  readonly header: Uint8Array
  readonly secret: Uint8Array
  readonly bytes: Buffer
  readonly root: Uint8Array
  readonly path: string
}

/** An asset of random bytes: the server can't tell them from sealed ones. */
export function makeAsset(sizeBytes: number, kind: AssetKind = "file"): TestAsset {
  const assetId = asId("asset", new Uint8Array(randomBytes(16)))
  const bytes = randomBytes(sizeBytes)
  return {
    assetId,
    header: encodeAssetHeader({ kind, assetId, salt: new Uint8Array(randomBytes(32)) }),
    secret: new Uint8Array(randomBytes(32)),
    bytes,
    root: rootOf(bytes),
    path: `/v1/uploads/${formatId("asset", assetId)}`,
  }
}

/** By the reference implementation of the tree, not the server's. */
export function rootOf(bytes: Uint8Array): Uint8Array {
  const leaves: Uint8Array[] = []
  for (let offset = 0; offset < bytes.length; offset += SEGMENT_BYTES)
    leaves.push(leafHash(bytes.subarray(offset, offset + SEGMENT_BYTES), nodeSha256))
  return merkleRoot(leaves)
}

const TUS = { "tus-resumable": "1.0.0" } as const

export function metadataOf(asset: Pick<TestAsset, "header" | "secret">): string {
  const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64")
  return `header ${base64(asset.header)},secretHash ${base64(nodeSha256(asset.secret))}`
}

export function create(
  stack: Stack,
  asset: TestAsset,
  length: number | "deferred" = asset.bytes.length,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const size: Record<string, string> =
    length === "deferred" ? { "upload-defer-length": "1" } : { "upload-length": String(length) }
  return call(stack.url, "POST", "/v1/uploads", {
    token: stack.meetingToken,
    headers: { ...TUS, ...size, "upload-metadata": metadataOf(asset), ...headers },
  })
}

/** One PATCH of the asset's bytes `start` to `end` (exclusive), at `offset`. */
export function patch(
  stack: Stack,
  asset: TestAsset,
  start: number,
  end: number,
  options: {
    readonly offset?: number
    readonly headers?: Readonly<Record<string, string>>
    readonly secret?: Uint8Array
  } = {},
): Promise<Answer> {
  return call(stack.url, "PATCH", asset.path, {
    token: options.secret ?? asset.secret,
    bytes: asset.bytes.subarray(start, end),
    headers: {
      ...TUS,
      "content-type": "application/offset+octet-stream",
      "upload-offset": String(options.offset ?? start),
      ...options.headers,
    },
  })
}

export function head(stack: Stack, asset: TestAsset): Promise<Answer> {
  return call(stack.url, "HEAD", asset.path, { token: asset.secret, headers: TUS })
}

export function cancel(stack: Stack, asset: TestAsset): Promise<Answer> {
  return call(stack.url, "DELETE", asset.path, { token: asset.secret, headers: TUS })
}

export async function offsetOf(stack: Stack, asset: TestAsset): Promise<number> {
  return Number((await head(stack, asset)).headers.get("upload-offset"))
}

export async function status(stack: Stack, asset: TestAsset): Promise<ReturnType<typeof UploadStatusResponse.parse>> {
  return UploadStatusResponse.parse(
    (await call(stack.url, "GET", `${asset.path}/status`, { token: asset.secret })).json,
  )
}

export function finish(
  stack: Stack,
  asset: TestAsset,
  overrides: { readonly sizeBytes?: number; readonly root?: Uint8Array } = {},
): Promise<Answer> {
  return call(stack.url, "POST", `${asset.path}/finish`, {
    token: asset.secret,
    json: { sizeBytes: overrides.sizeBytes ?? asset.bytes.length, root: toBase64Url(overrides.root ?? asset.root) },
  })
}

/** All pieces of an asset, cut at `pieceBytes` and at chunks. */
export async function sendAll(stack: Stack, asset: TestAsset, pieceBytes: number): Promise<void> {
  for (let start = 0; start < asset.bytes.length; start += pieceBytes) {
    const { status: code, text } = await patch(stack, asset, start, Math.min(asset.bytes.length, start + pieceBytes))
    if (code !== 204) throw new Error(`PATCH at ${start} answered ${code}: ${text}`)
  }
}

/** From creation to the receipt, with jobs run by hand. */
export async function uploadWhole(stack: Stack, asset: TestAsset, pieceBytes: number): Promise<void> {
  await create(stack, asset)
  await sendAll(stack, asset, pieceBytes)
  await finish(stack, asset)
  await stack.runJobs()
}

/** A first pass of the reconciler. */
export async function reconcile(stack: Stack, settleMs = 900_000): Promise<void> {
  await nudgeUnfinished(stack.worker, new Set())
  await cleanUp(stack.worker, { abandonedMs: 7 * 86_400_000, settleMs, purgeGraceDays: 0 })
}

export async function untilStored(stack: Stack, asset: TestAsset): Promise<void> {
  while ((await status(stack, asset)).state !== "stored") await delay(20)
}

export function assetPath(stack: Stack, asset: TestAsset, rest = ""): string {
  return `/v1/meetings/${formatId("meeting", stack.meetingId)}/assets/${formatId("asset", asset.assetId)}${rest}`
}

export async function describeAsset(stack: Stack, asset: TestAsset): Promise<ReturnType<typeof AssetResponse.parse>> {
  return AssetResponse.parse(
    (await call(stack.url, "GET", assetPath(stack, asset), { token: stack.meetingToken })).json,
  )
}

/** The sealed stream, or a range of it, as bytes. */
export async function download(
  stack: Stack,
  asset: TestAsset,
  range?: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly status: number; readonly headers: Headers; readonly bytes: Buffer }> {
  const response = await fetch(new URL(assetPath(stack, asset, "/stream"), stack.url), {
    headers: { authorization: `Bearer ${stack.meetingToken}`, ...(range === undefined ? {} : { range }), ...headers },
  })
  return { status: response.status, headers: response.headers, bytes: Buffer.from(await response.arrayBuffer()) }
}
