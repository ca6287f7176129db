import * as z from "zod"
import { toBase64Url } from "../../../shared/protocol/bytes.js"
import { ArchiveError } from "../../../shared/protocol/errors.js"
import { FinishUploadRequest, FinishUploadResponse, LiveHeadRequest } from "../../../shared/protocol/http.js"
import { type AssetId, formatId } from "../../../shared/protocol/ids.js"
import { type Http, parseAnswer, type TransportResponse } from "../http.js"

/**
 * The client's side of tus 1.0 (https://tus.io/protocols/resumable-upload), one piece per PATCH. tus-js-client slices a source by itself and reads
 * slices again on a retry; here each PATCH must be exactly one sealed piece, which is at hand already, so the four requests are made directly.
 */

const TUS = { "tus-resumable": "1.0.0" }
const ANSWER_LIMIT_BYTES = 64 * 1024

export interface UploadHandle {
  readonly http: Http
  readonly assetId: AssetId
  readonly uploadSecret: Uint8Array
  /** Connections are shared with the meeting's, never with the account's. */
  readonly subject: string
}

/** Begins an upload; the same again is the same upload. `sizeBytes` is `null` for a source whose length is not known. */
export async function createUpload(
  handle: UploadHandle,
  meetingToken: Uint8Array,
  upload: { readonly rawHeader: Uint8Array; readonly secretHash: Uint8Array; readonly sizeBytes: number | null },
): Promise<void> {
  const length: Record<string, string> =
    upload.sizeBytes === null ? { "upload-defer-length": "1" } : { "upload-length": String(upload.sizeBytes) }
  await handle.http.headOf({
    method: "POST",
    path: "/v1/uploads",
    subject: handle.subject,
    token: meetingToken,
    headers: {
      ...TUS,
      ...length,
      "upload-metadata": `header ${base64(upload.rawHeader)},secretHash ${base64(upload.secretHash)}`,
    },
  })
}

/** Bytes that the server acknowledged. @throws {@link ArchiveError} `not-found` where the upload is gone. */
export async function acknowledgedBytes(handle: UploadHandle, signal?: AbortSignal): Promise<number> {
  const response = await handle.http.headOf({
    method: "HEAD",
    path: pathOf(handle),
    subject: handle.subject,
    token: handle.uploadSecret,
    headers: TUS,
    signal,
  })
  return offsetOf(response)
}

/** Sends one piece; when this resolves, it is durable there. */
export async function sendPiece(
  handle: UploadHandle,
  startBytes: number,
  sealed: Uint8Array,
  totalBytes: number | null,
  signal?: AbortSignal,
): Promise<void> {
  const response = await handle.http.headOf({
    method: "PATCH",
    path: pathOf(handle),
    subject: handle.subject,
    token: handle.uploadSecret,
    headers: {
      ...TUS,
      "content-type": "application/offset+octet-stream",
      "upload-offset": String(startBytes),
      ...(totalBytes === null ? {} : { "upload-length": String(totalBytes) }),
    },
    body: sealed,
    signal,
  })
  if (offsetOf(response) !== startBytes + sealed.length)
    throw new ArchiveError("malformed", "the server acknowledged another number of bytes than were sent")
}

/** Puts the newest sealed head of a live asset in the place of the one before. */
export async function sendLiveHead(
  handle: UploadHandle,
  segments: number,
  head: Uint8Array,
  signal?: AbortSignal,
): Promise<void> {
  await handle.http.headOf({
    method: "PUT",
    path: `${pathOf(handle)}/live-head`,
    subject: handle.subject,
    token: handle.uploadSecret,
    json: z.encode(LiveHeadRequest, { segments, head }),
    signal,
  })
}

/** Ends the upload, and asks for its receipt: `null` while the worker still stores. Idempotent. */
export async function finishUpload(
  handle: UploadHandle,
  sizeBytes: number,
  root: Uint8Array,
  signal?: AbortSignal,
): Promise<{ readonly storedBytes: number; readonly receipt: Uint8Array | null }> {
  const json = z.encode(FinishUploadRequest, { sizeBytes, root })
  const response = await handle.http.send({
    method: "POST",
    path: `${pathOf(handle)}/finish`,
    subject: handle.subject,
    token: handle.uploadSecret,
    json,
    signal,
  })
  const answer = parseAnswer(FinishUploadResponse, await response.bytes(ANSWER_LIMIT_BYTES))
  return { storedBytes: answer.storedBytes, receipt: answer.receipt ?? null }
}

/** Gives an upload up. */
export async function cancelUpload(handle: UploadHandle): Promise<void> {
  await handle.http.headOf({
    method: "DELETE",
    path: pathOf(handle),
    subject: handle.subject,
    token: handle.uploadSecret,
    headers: TUS,
  })
}

function pathOf(handle: UploadHandle): string {
  return `/v1/uploads/${formatId("asset", handle.assetId)}`
}

function offsetOf(response: TransportResponse): number {
  const offset = Number(response.header("upload-offset") ?? Number.NaN)
  if (!Number.isSafeInteger(offset) || offset < 0) throw new ArchiveError("malformed", "the server named no offset")
  return offset
}

/** tus metadata is standard base64, with padding. */
function base64(bytes: Uint8Array): string {
  const text = toBase64Url(bytes).replaceAll("-", "+").replaceAll("_", "/")
  return text.padEnd(Math.ceil(text.length / 4) * 4, "=")
}
