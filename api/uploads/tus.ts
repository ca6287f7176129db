import { AsyncLocalStorage } from "node:async_hooks"
import type { IncomingMessage } from "node:http"
import { DataStore, type Lock, Server, Upload as TusUpload } from "@tus/server"
import { ArchiveError, isArchiveError } from "../../shared/protocol/errors.js"
import { type AssetId, formatId, type MeetingId } from "../../shared/protocol/ids.js"
import { MAX_STREAM_BYTES } from "../../shared/protocol/sizes.js"
import {
  cancelUpload,
  createUpload,
  declareLength,
  findUpload,
  type Upload,
} from "../../shared/server/catalog/uploads.js"
import { withinCaps } from "../../shared/server/catalog/room.js"
import { failpoint } from "../../shared/server/failpoints.js"
import type { Queryable } from "../../shared/server/ports.js"
import { appendBody } from "./append-body.js"
import type { UploadContext } from "./context.js"
import { createLeaseLocks, type HeldLease } from "./lease-locks.js"
import type { UploadMetadata } from "./metadata.js"
import { assertStreamSize, checkStreamSize } from "./piece-rules.js"

/** tus 1.0 through `@tus/server`, which knows the protocol, with a store that knows segments, chunks and the catalog. */

export const UPLOADS_PATH = "/v1/uploads"

/** What a request is about; checked before tus sees it. */
export type TusCall =
  | { readonly verb: "create"; readonly meetingId: MeetingId; readonly metadata: UploadMetadata }
  | { readonly verb: "upload"; readonly assetId: AssetId; readonly locked: boolean }

export interface TusAnswer {
  readonly status: number
  readonly headers: Headers
}

interface Running {
  readonly call: TusCall
  readonly request: IncomingMessage
  lease?: HeldLease
  failure?: ArchiveError
}

/** Only what tus needs to see of a request: no authorisation, nothing a proxy may have added. */
const TUS_HEADERS = [
  "tus-resumable",
  "upload-offset",
  "upload-length",
  "upload-defer-length",
  "upload-concat",
  "content-type",
  "content-length",
]

/** Answers one tus request. @throws {@link ArchiveError}; the answer of a refusal that has no code of ours is returned. */
export type TusHandler = (request: IncomingMessage, call: TusCall) => Promise<TusAnswer>

export function createTusHandler(context: UploadContext): TusHandler {
  const running = new AsyncLocalStorage<Running>()
  const current = (): Running => {
    const store = running.getStore()
    if (store === undefined) throw new ArchiveError("internal", "a store used outside a request")
    return store
  }
  const locks = createLeaseLocks(context.catalog)
  const server = new Server({
    path: UPLOADS_PATH,
    relativeLocation: true,
    maxSize: MAX_STREAM_BYTES,
    allowedOrigins: () => false,
    datastore: new CatalogStore(context, current),
    namingFunction: () => formatId("asset", assetIdOf(current().call)),
    locker: {
      newLock: () => {
        const { call, request } = current()
        if (call.verb === "create" || !call.locked) return NO_LOCK
        return locks.lock(call.assetId, startOf(request), (lease) => {
          current().lease = lease
        })
      },
    },
    onResponseError: (_request, error) => {
      current().failure = refusalOf(error)
      return undefined
    },
  })

  return async (request, call) => {
    const store: Running = { call, request }
    const response = await running.run(store, () => server.handleWeb(webRequestOf(request, call)))
    if (store.failure !== undefined) throw store.failure
    if (response.status === 400) throw new ArchiveError("malformed", "a header that tus does not allow")
    return { status: response.status, headers: response.headers }
  }
}

/**
 * The request as tus sees it: without its body, which the store reads from the Node request itself.
 * Through a web stream and back it would cost more than hashing and writing together.
 */
function webRequestOf(request: IncomingMessage, call: TusCall): Request {
  const headers = new Headers()
  for (const name of TUS_HEADERS) {
    const value = request.headers[name]
    // At creation a body would mean the extension creation-with-upload, which is not offered.
    if (typeof value === "string" && !(call.verb === "create" && name === "content-type")) headers.set(name, value)
  }
  const path = call.verb === "create" ? UPLOADS_PATH : `${UPLOADS_PATH}/${formatId("asset", call.assetId)}`
  return new Request(`http://localhost${path}`, { method: request.method ?? "HEAD", headers })
}

function assetIdOf(call: TusCall): AssetId {
  return call.verb === "create" ? call.metadata.header.assetId : call.assetId
}

/** Where a PATCH begins; what tus will refuse as no offset is none. */
function startOf(request: IncomingMessage): number | null {
  const text = String(request.headers["upload-offset"])
  return /^[0-9]{1,15}$/.test(text) ? Number(text) : null
}

const NO_LOCK: Lock = { lock: () => Promise.resolve(), unlock: () => Promise.resolve() }

/** `@tus/server` asks for a class. It holds nothing: the catalog does. */
class CatalogStore extends DataStore {
  override extensions = ["creation", "creation-defer-length", "termination"]
  readonly #context: UploadContext
  readonly #current: () => Running

  constructor(context: UploadContext, current: () => Running) {
    super()
    this.#context = context
    this.#current = current
  }

  override async create(upload: TusUpload): Promise<TusUpload> {
    const { call } = this.#current()
    if (call.verb !== "create") throw new ArchiveError("internal", "a creation by another verb")
    const { meetingId, metadata } = call
    if (upload.size !== undefined) assertStreamSize(upload.size, metadata.header.kind)
    failpoint("upload.create.before-commit")
    await this.#withinCaps(meetingId, async (transaction) => {
      await createUpload(transaction, { ...metadata, meetingId, sizeBytes: upload.size ?? null })
    })
    failpoint("upload.create.after-commit")
    return upload
  }

  override async getUpload(id: string): Promise<TusUpload> {
    const { sizeBytes, offsetBytes } = await this.#upload()
    return new TusUpload({ id, offset: offsetBytes, ...(sizeBytes === null ? {} : { size: sizeBytes }) })
  }

  override async declareUploadLength(_id: string, sizeBytes: number): Promise<void> {
    const running = this.#current()
    const lease = this.#lease()
    const { upload } = lease
    checkStreamSize(upload, sizeBytes)
    const chunk = await this.#withinCaps(
      upload.meetingId,
      async (transaction) => await declareLength(transaction, upload.assetId, lease.token, sizeBytes),
    )
    running.lease = { ...lease, upload: { ...upload, sizeBytes } }
    if (chunk !== null) await this.#context.nudge(upload.assetId, chunk)
  }

  override async write(): Promise<number> {
    return await appendBody(this.#context, this.#current().request, this.#lease())
  }

  override async remove(): Promise<void> {
    const { assetId } = await this.#upload()
    failpoint("upload.cancel.before-commit")
    if (!(await cancelUpload(this.#context.catalog, assetId)))
      throw new ArchiveError("conflict", "the asset has its receipt")
    failpoint("upload.cancel.after-commit")
  }

  async #withinCaps<T>(meetingId: MeetingId, work: (transaction: Queryable) => Promise<T>): Promise<T> {
    const { catalog, byteCaps } = this.#context
    return await withinCaps(catalog, byteCaps, meetingId, work)
  }

  async #upload(): Promise<Upload> {
    const { call, lease } = this.#current()
    const upload = lease?.upload ?? (await findUpload(this.#context.catalog, assetIdOf(call)))
    if (upload === null || upload.state === "cancelled") throw new ArchiveError("not-found", "no such upload")
    return upload
  }

  #lease(): HeldLease {
    const { lease } = this.#current()
    if (lease === undefined) throw new ArchiveError("internal", "a change without its lease")
    return lease
  }
}

/** What tus itself refuses, by the status that the protocol asks for. */
function refusalOf(error: Error | { readonly status_code: number; readonly body: string }): ArchiveError {
  if (isArchiveError(error)) return error
  const status = "status_code" in error ? error.status_code : 500
  switch (status) {
    case 403:
      return new ArchiveError("malformed", "Upload-Offset and Content-Type are needed")
    case 400:
      return new ArchiveError("malformed", "what tus does not allow")
    case 404:
    case 410:
      return new ArchiveError("not-found", "no such upload")
    case 409:
      return new ArchiveError("conflict", "another offset than the upload's")
    case 413:
      return new ArchiveError("too-large", "more than the upload's size")
    case 501:
      return new ArchiveError("unsupported", "a tus extension that is not offered")
    default:
      return new ArchiveError("internal", "tus failed", { cause: error })
  }
}
