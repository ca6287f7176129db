import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from "@aws-sdk/client-s3"
import { readFile } from "node:fs/promises"
import { Readable } from "node:stream"
import { equalBytes, toHex } from "../../protocol/bytes.js"
import { ArchiveError, isArchiveError } from "../../protocol/errors.js"
import { nodeSha256 } from "../ambient.js"
import type { S3Settings } from "../config.js"
import { translateFileError } from "../files.js"
import type { ObjectSource, ObjectStore } from "../ports.js"
import { contentsOf } from "./folder.js"
import { assertKey } from "./keys.js"

const MAX_ATTEMPTS = 4
const CONNECT_TIMEOUT_MS = 5_000
/** For one attempt at 8 MiB; also how long a connection may stand still. */
const REQUEST_TIMEOUT_MS = 60_000

/**
 * Objects in any S3. The payload's own SHA-256 is part of each signed put, so the store itself refuses other bytes
 * (AWS Signature Version 4, `x-amz-content-sha256`).
 */
export function openS3Store(settings: S3Settings, requestTimeoutMs = REQUEST_TIMEOUT_MS): ObjectStore {
  const { bucket } = settings
  // Which Node it will want next year is for those who update it: who runs a command can do nothing about it.
  // eslint-disable-next-line no-restricted-syntax -- no setting of ours, and written alone
  process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] ??= "true"
  const client = new S3Client({
    endpoint: settings.endpoint,
    region: settings.region,
    forcePathStyle: true,
    credentials: { accessKeyId: settings.accessKeyId, secretAccessKey: settings.secretAccessKey },
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    maxAttempts: MAX_ATTEMPTS,
    requestHandler: {
      connectionTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: requestTimeoutMs,
      socketTimeout: requestTimeoutMs,
      throwOnRequestTimeout: true,
    },
  })
  // Signs with the hash that was announced, so that bytes which changed on their way are refused at the far end.
  client.middlewareStack.add(
    (next) => async (args) => {
      const request = args.request as { headers: Record<string, string> }
      const announced = request.headers["x-taciturn-sha256"]
      if (announced !== undefined) {
        request.headers["x-amz-content-sha256"] = announced
        delete request.headers["x-taciturn-sha256"]
      }
      return await next(args)
    },
    { step: "build", name: "announcePayloadHash" },
  )
  return {
    put: async (key, source) => {
      assertKey(key)
      const body = await bodyOf(source).catch((error: unknown) => {
        throw translateFileError(error, "the spool")
      })
      if (!equalBytes(nodeSha256(body), source.sha256))
        throw new ArchiveError("integrity", "bytes that are not those that were announced")
      await translated(async () => {
        const command = new PutObjectCommand({
          Bucket: bucket,
          Key: key,
          Body: body,
          ContentLength: body.length,
          ContentType: "application/octet-stream",
        })
        command.middlewareStack.add(
          (next) => async (args) => {
            const request = args.request as { headers: Record<string, string> }
            request.headers["x-taciturn-sha256"] = toHex(source.sha256)
            return await next(args)
          },
          { step: "build", priority: "high", name: "carryPayloadHash" },
        )
        await client.send(command)
      })
    },
    get: async (key, range) => {
      assertKey(key)
      return await translated(async () => {
        const Range = range === undefined ? undefined : `bytes=${range.start}-${range.end}`
        const { Body } = await client.send(
          new GetObjectCommand({ Bucket: bucket, Key: key, ...(Range === undefined ? {} : { Range }) }),
        )
        if (!(Body instanceof Readable)) throw new ArchiveError("unavailable", "the object store gave no stream")
        return Body
      })
    },
    fileOf: () => null,
    head: async (key) => {
      assertKey(key)
      try {
        const { ContentLength } = await translated(
          async () => await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key })),
        )
        return { sizeBytes: ContentLength ?? 0 }
      } catch (error) {
        if (isArchiveError(error) && error.code === "not-found") return null
        throw error
      }
    },
    delete: async (key) => {
      assertKey(key)
      await translated(async () => await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key })))
    },
    list: (prefix) => listObjects(client, bucket, prefix),
    ready: async () => {
      await ensureBucket(client, bucket)
    },
    close: () => {
      client.destroy()
      return Promise.resolve()
    },
  }
}

/** A chunk is at most 8 MiB, and the signature needs it whole. */
async function bodyOf(source: ObjectSource): Promise<Uint8Array> {
  if (source.kind === "bytes") return source.bytes
  const [only, second] = source.paths
  if (only !== undefined && second === undefined) return await readFile(only)
  const parts: Uint8Array[] = []
  for await (const bytes of contentsOf(source)) parts.push(bytes)
  return Buffer.concat(parts)
}

async function ensureBucket(client: S3Client, bucket: string): Promise<void> {
  try {
    await translated(async () => await client.send(new HeadBucketCommand({ Bucket: bucket })))
  } catch (error) {
    if (!isArchiveError(error) || error.code !== "not-found") throw error
    await translated(async () => {
      await client.send(new CreateBucketCommand({ Bucket: bucket })).catch((failure: unknown) => {
        // Another process was first.
        if (!(failure instanceof S3ServiceException) || failure.name !== "BucketAlreadyOwnedByYou") throw failure
      })
    })
  }
}

async function* listObjects(
  client: S3Client,
  bucket: string,
  prefix: string,
): AsyncGenerator<{ readonly key: string; readonly sizeBytes: number }> {
  let token: string | undefined
  do {
    const page = await translated(
      async () =>
        await client.send(
          new ListObjectsV2Command({
            Bucket: bucket,
            Prefix: prefix,
            ...(token === undefined ? {} : { ContinuationToken: token }),
          }),
        ),
    )
    for (const { Key, Size } of page.Contents ?? []) if (Key !== undefined) yield { key: Key, sizeBytes: Size ?? 0 }
    token = page.NextContinuationToken
  } while (token !== undefined)
}

async function translated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (isArchiveError(error)) throw error
    if (error instanceof S3ServiceException) {
      const status = error.$metadata.httpStatusCode
      if (error.name === "NotFound" || error.name === "NoSuchKey" || error.name === "NoSuchBucket" || status === 404) {
        throw new ArchiveError("not-found", "the object store does not hold that", { cause: error })
      }
      if (status === 416)
        throw new ArchiveError("truncated", "the object store holds fewer bytes than were asked for", { cause: error })
      if (error.name === "XAmzContentSHA256Mismatch")
        throw new ArchiveError("integrity", "the object store got other bytes than were announced", { cause: error })
      if (status === 507 || error.name === "QuotaExceeded")
        throw new ArchiveError("out-of-space", "the object store is full", { cause: error })
    }
    throw new ArchiveError("unavailable", "the object store does not answer", { cause: error })
  }
}
