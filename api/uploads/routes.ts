import type { IncomingMessage } from "node:http"
import { finished } from "node:stream/promises"
import express, { type Request, type RequestHandler, type Response, type Router } from "express"
import { toHex } from "../../shared/protocol/bytes.js"
import { ArchiveError } from "../../shared/protocol/errors.js"
import { type AssetId, type MeetingId, parseId } from "../../shared/protocol/ids.js"
import { CHUNK_BYTES, MAX_STREAM_BYTES } from "../../shared/protocol/sizes.js"
import { putLiveHead } from "../../shared/server/catalog/live.js"
import { findUpload, type Upload } from "../../shared/server/catalog/uploads.js"
import { failpoint } from "../../shared/server/failpoints.js"
import type { ByteCaps } from "../../shared/server/config.js"
import type { Catalog, Job, JobQueue, Spool } from "../../shared/server/ports.js"
import { bearerBytes, isSecretOf } from "../authorise.js"
import { uploads } from "../contract.js"
import { mount } from "../mount.js"
import { problemOf } from "../problems.js"
import type { UploadContext } from "./context.js"
import { finish, uploadStatus } from "./finish.js"
import { parseUploadMetadata } from "./metadata.js"
import { createTusHandler, type TusCall, UPLOADS_PATH } from "./tus.js"

export interface UploadRoutesOptions {
  readonly catalog: Catalog
  readonly spool: Spool
  readonly jobs: JobQueue
  /** Bytes of one upload that may wait in the spool before it is told to wait. */
  readonly unstoredBytes: number
  /** Bytes that stay free on the spool's disk. */
  readonly reserveBytes: number
  readonly byteCaps: ByteCaps
  /** The meeting that the request's token may create uploads in. */
  readonly authoriseCreation: (request: Request) => Promise<MeetingId>
  /** Gets failures of the queue: they delay work, and lose none. */
  readonly onNudgeFailed: (error: unknown) => void
}

const TUS_VERSION = "1.0.0"
const DRAIN_MS = 10_000

/** Uploads by tus 1.0, their status, and their end. A body is read by this router alone: mount it before any body parser. */
export function createUploadRoutes(options: UploadRoutesOptions): Router {
  const { catalog } = options
  const context: UploadContext = { ...options, nudge: (assetId, chunk) => nudge(options, assetId, chunk) }
  const handleTus = createTusHandler(context)
  const router = express.Router()

  const tus = (callOf: (request: Request) => Promise<TusCall>): RequestHandler => {
    return async (request, response) => {
      response.setHeader("Tus-Resumable", TUS_VERSION)
      try {
        const answer = await handleTus(request, await callOf(request))
        answer.headers.forEach((value, name) => response.setHeader(name, value))
        if (answer.status === 412) refuseVersion(response)
        else response.status(answer.status).end()
      } catch (error) {
        // Who still sends would not hear an answer before it is done.
        await drain(request)
        throw error
      }
    }
  }
  const ofUpload = (locked: boolean): RequestHandler => {
    return tus(async (request) => {
      const { assetId } = await authoriseUpload(catalog, request)
      return { verb: "upload", assetId, locked }
    })
  }

  router.options(UPLOADS_PATH, (_request, response) => {
    response.set({
      "Tus-Resumable": TUS_VERSION,
      "Tus-Version": TUS_VERSION,
      "Tus-Extension": "creation,creation-defer-length,termination",
      "Tus-Max-Size": String(MAX_STREAM_BYTES),
    })
    response.status(204).end()
  })
  router.post(
    UPLOADS_PATH,
    tus(async (request) => ({
      verb: "create",
      meetingId: await options.authoriseCreation(request),
      metadata: parseUploadMetadata(request.get("upload-metadata")),
    })),
  )
  router.head(`${UPLOADS_PATH}/:asset`, ofUpload(true))
  router.patch(`${UPLOADS_PATH}/:asset`, ofUpload(true))
  // What is to be given up needs no lock: cancelling itself makes every holder's token void.
  router.delete(`${UPLOADS_PATH}/:asset`, ofUpload(false))

  mount(router, uploads.status, [], async ({ request }) => ({
    status: 200,
    body: await uploadStatus(catalog, await authoriseUpload(catalog, request)),
  }))
  mount(router, uploads.finish, [], async ({ request, body }) => {
    const upload = await authoriseUpload(catalog, request)
    const status = await finish(context, upload, body.sizeBytes, body.root)
    failpoint("upload.finish.before-answer")
    return { status: status.receipt === undefined ? 202 : 200, body: status }
  })
  mount(router, uploads.liveHead, [], async ({ request, body }) => {
    await putLiveHead(catalog, await authoriseUpload(catalog, request), body.segments, body.head)
    return { status: 204, body: undefined }
  })
  return router
}

/**
 * The upload whose secret the request brings. SPEC.md §11.
 * @throws {@link ArchiveError} `malformed`, `unauthenticated`, `forbidden`; `not-found` also for what was cancelled; `gone` for what was deleted.
 */
async function authoriseUpload(catalog: Catalog, request: Request): Promise<Upload> {
  const secret = bearerBytes(request)
  const upload = await findUpload(catalog, assetOf(request))
  if (upload === null) throw new ArchiveError("not-found", "no such upload")
  if (!isSecretOf(upload, secret)) throw new ArchiveError("forbidden", "not this upload's secret")
  if (upload.state === "cancelled") throw new ArchiveError("not-found", "no such upload")
  if (upload.state === "marked" || upload.state === "purging") throw new ArchiveError("gone", "this asset was deleted")
  return upload
}

function assetOf(request: Request): AssetId {
  const { asset } = request.params
  return parseId("asset", typeof asset === "string" ? asset : "")
}

async function nudge(options: UploadRoutesOptions, assetId: Uint8Array, chunk: number | null): Promise<void> {
  const id = toHex(assetId)
  const job: Job = chunk === null ? { name: "finish-asset", asset: id } : { name: "store-chunk", asset: id, chunk }
  try {
    failpoint("upload.nudge.before-enqueue")
    await options.jobs.enqueue(job)
    failpoint("upload.nudge.after-enqueue")
  } catch (error) {
    options.onNudgeFailed(error)
  }
}

function refuseVersion(response: Response): void {
  const refusal = new ArchiveError("unsupported-version", "Tus-Resumable: 1.0.0 is needed")
  response.setHeader("Tus-Version", TUS_VERSION)
  response.removeHeader("Content-Length")
  response
    .status(412)
    .type("application/problem+json")
    .send(JSON.stringify({ ...problemOf(refusal), status: 412 }))
}

/** Reads the rest of a refused piece to nowhere, within bounds, so that the client hears why. */
async function drain(request: IncomingMessage): Promise<void> {
  if (request.complete || request.destroyed || Number(request.headers["content-length"] ?? 0) > CHUNK_BYTES) return
  request.resume()
  await finished(request, { signal: AbortSignal.timeout(DRAIN_MS) }).catch(() => undefined)
}
