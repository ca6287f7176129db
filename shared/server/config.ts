import { resolve } from "node:path"
import * as z from "zod"
import { fromHex } from "../protocol/bytes.js"
import { ArchiveError } from "../protocol/errors.js"

/** What chance gives by far: a code of fewer different digits was made up by a person. */
const MEETING_CODE_DIGITS = 8

/** Everything that the environment can set; nothing else reads it. */
const environmentSchema = z.object({
  HOST: z.string().min(1).default("127.0.0.1"),
  PORT: z.coerce.number().int().min(0).max(65_535).default(8080),
  TACITURN_DATA: z.string().min(1).default("data"),
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
  REDIS_URL: z.url({ protocol: /^rediss?$/ }).optional(),
  S3_ENDPOINT: z.url({ protocol: /^https?$/ }).optional(),
  S3_BUCKET: z.string().min(3).max(63).default("taciturn"),
  S3_REGION: z.string().min(1).default("us-east-1"),
  S3_ACCESS_KEY_ID: z.string().min(1).optional(),
  S3_SECRET_ACCESS_KEY: z.string().min(1).optional(),
  SPOOL_DIR: z.string().min(1).optional(),
  OBJECTS_DIR: z.string().min(1).optional(),
  PUBLIC_URLS: z.string().optional(),
  LOG_LEVEL: z.enum(["debug", "info", "warn", "error", "silent"]).default("info"),
  RESERVE_BYTES: z.coerce.number().int().min(0).default(268_435_456),
  REQUESTS_PER_MINUTE: z.coerce.number().int().min(0).default(6_000),
  ANONYMOUS_REQUESTS_PER_MINUTE: z.coerce.number().int().min(0).default(1_200),
  TRUSTED_PROXIES: z.coerce.number().int().min(0).max(16).default(0),
  DRAIN_SECONDS: z.coerce.number().min(0).max(600).default(10),
  WORKER_CONCURRENCY: z.coerce.number().int().min(1).max(64).default(4),
  RECONCILE_SECONDS: z.coerce.number().min(0.1).default(15),
  MEETING_POLICY: z.enum(["open", "code"]).default("open"),
  MEETING_CODE: z
    .string()
    .refine(
      (text) => /^(?:[0-9a-fA-F]{2}){16,64}$/.test(text) && new Set(text.toLowerCase()).size >= MEETING_CODE_DIGITS,
      "it is 32 to 128 hexadecimal digits made by chance, as `openssl rand -hex 16` gives",
    )
    .optional(),
  MEETING_BYTES_MAX: z.coerce.number().int().min(1).optional(),
  INSTANCE_BYTES_MAX: z.coerce.number().int().min(1).optional(),
  UPLOAD_EXPIRY_HOURS: z.coerce.number().min(0).default(168),
  LEDGER_FILE: z.string().min(1).optional(),
  PACK_AFTER_DAYS: z.coerce.number().int().min(0).max(3_650).default(2),
  PURGE_GRACE_DAYS: z.coerce.number().int().min(0).max(3_650).default(7),
  CASE_CONFIRMERS: z
    .string()
    .regex(/^[0-9a-fA-F]{64}(?:[\s,]+[0-9a-fA-F]{64})*$/, "it is public keys of 64 hexadecimal digits each")
    .optional(),
  BACKUP_DAYS: z.coerce.number().int().min(0).max(36_500).optional(),
  TACITURN_FAILPOINT: z.string().optional(),
  TACITURN_FAILPOINT_LOG: z.string().optional(),
})

export interface S3Settings {
  readonly endpoint: string
  readonly bucket: string
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

/** Bytes that may be stored or promised; `null` for no cap. */
export interface ByteCaps {
  readonly meetingBytes: number | null
  readonly instanceBytes: number | null
}

export interface ServerConfig {
  readonly host: string
  readonly port: number
  readonly dataDir: string
  readonly databaseUrl: string | null
  readonly redisUrl: string | null
  readonly s3: S3Settings | null
  readonly spoolDir: string
  readonly objectsDir: string
  /** Empty: every loopback spelling of the address that is listened on. */
  readonly publicUrls: readonly string[]
  readonly logLevel: "debug" | "info" | "warn" | "error" | "silent"
  /** Disk that uploads leave free. */
  readonly reserveBytes: number
  /** By token; 0 for no limit. */
  readonly requestsPerMinute: number
  /** By address, where no token is needed; 0 for no limit. */
  readonly anonymousRequestsPerMinute: number
  /** Proxies in front, whose word on a client's address counts. */
  readonly trustedProxies: number
  /** How long requests may take to end when the process is told to. */
  readonly drainMs: number
  readonly workerConcurrency: number
  readonly reconcileMs: number
  readonly uploadExpiryMs: number
  /** What whoever makes a meeting must bring; `null` where anybody may. */
  readonly meetingCode: Uint8Array | null
  readonly byteCaps: ByteCaps
  /** Days between a deletion and the day on which the bytes go. */
  readonly purgeGraceDays: number
  /** Public keys of those of whom one must confirm a case's production; empty: nobody must. */
  readonly confirmerKeys: readonly Uint8Array[]
  /** For how many days the operator says that backups are kept; `null` where nothing was said. */
  readonly backupDays: number | null
  /** Where the worker notes what a catalog that is restored has to be told again. */
  readonly ledgerFile: string
  /** Days after which messages are packed. */
  readonly packAfterDays: number
  readonly failpoint: { readonly name: string; readonly logPath: string | null } | null
}

/** @throws {@link ArchiveError} `usage`, naming the variable. */
export function readServerConfig(environment: NodeJS.ProcessEnv = process.env): ServerConfig {
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== undefined && value !== ""))
  const parsed = environmentSchema.safeParse(set)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new ArchiveError(
      "usage",
      `the environment variable ${issue?.path.join(".") ?? ""} can't be used: ${issue?.message ?? "it is malformed"}`,
    )
  }
  const value = parsed.data
  const dataDir = resolve(value.TACITURN_DATA)
  return {
    host: value.HOST,
    port: value.PORT,
    dataDir,
    databaseUrl: value.DATABASE_URL ?? null,
    redisUrl: value.REDIS_URL ?? null,
    s3: readS3(value),
    spoolDir: resolve(value.SPOOL_DIR ?? `${dataDir}/spool`),
    objectsDir: resolve(value.OBJECTS_DIR ?? `${dataDir}/objects`),
    publicUrls: (value.PUBLIC_URLS ?? "").split(/[\s,]+/).filter((url) => url !== ""),
    logLevel: value.LOG_LEVEL,
    reserveBytes: value.RESERVE_BYTES,
    requestsPerMinute: value.REQUESTS_PER_MINUTE,
    anonymousRequestsPerMinute: value.ANONYMOUS_REQUESTS_PER_MINUTE,
    trustedProxies: value.TRUSTED_PROXIES,
    drainMs: value.DRAIN_SECONDS * 1_000,
    workerConcurrency: value.WORKER_CONCURRENCY,
    reconcileMs: value.RECONCILE_SECONDS * 1_000,
    uploadExpiryMs: value.UPLOAD_EXPIRY_HOURS * 3_600_000,
    meetingCode: readMeetingCode(value),
    byteCaps: { meetingBytes: value.MEETING_BYTES_MAX ?? null, instanceBytes: value.INSTANCE_BYTES_MAX ?? null },
    purgeGraceDays: value.PURGE_GRACE_DAYS,
    confirmerKeys: (value.CASE_CONFIRMERS ?? "")
      .split(/[\s,]+/)
      .filter((key) => key !== "")
      .map((key) => fromHex(key.toLowerCase())),
    backupDays: value.BACKUP_DAYS ?? null,
    ledgerFile: resolve(value.LEDGER_FILE ?? `${dataDir}/ledger.jsonl`),
    packAfterDays: value.PACK_AFTER_DAYS,
    failpoint:
      value.TACITURN_FAILPOINT === undefined
        ? null
        : { name: value.TACITURN_FAILPOINT, logPath: value.TACITURN_FAILPOINT_LOG ?? null },
  }
}

function readMeetingCode(value: z.infer<typeof environmentSchema>): Uint8Array | null {
  const { MEETING_POLICY: policy, MEETING_CODE: code } = value
  if (policy === "code" && code === undefined)
    throw new ArchiveError("usage", "MEETING_POLICY is code, so MEETING_CODE is needed too")
  // Else an instance that was meant to be closed would be open.
  if (policy === "open" && code !== undefined)
    throw new ArchiveError("usage", "MEETING_CODE is set, but MEETING_POLICY is not code: set both or none")
  return code === undefined ? null : fromHex(code.toLowerCase())
}

function readS3(value: z.infer<typeof environmentSchema>): S3Settings | null {
  if (value.S3_ENDPOINT === undefined) return null
  if (value.S3_ACCESS_KEY_ID === undefined || value.S3_SECRET_ACCESS_KEY === undefined) {
    throw new ArchiveError("usage", "S3_ENDPOINT is set, so S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY are needed too")
  }
  return {
    endpoint: value.S3_ENDPOINT,
    bucket: value.S3_BUCKET,
    region: value.S3_REGION,
    accessKeyId: value.S3_ACCESS_KEY_ID,
    secretAccessKey: value.S3_SECRET_ACCESS_KEY,
  }
}
