import * as z from "zod"
import { LAST_DAY, LAST_TIME_MS } from "./ambient.js"
import { fromBase64Url, toBase64Url } from "./bytes.js"
import { ERROR_CODES, isArchiveError } from "./errors.js"
import { HASH_BYTES } from "./hash.js"
import { formatId, type IdKind, type IdKinds, parseId } from "./ids.js"
import { LIMITS } from "./limits.js"
import { LIVE_HEAD_BYTES } from "./live-asset.js"
import { MAX_STREAM_BYTES } from "./sizes.js"

/**
 * What goes over HTTP: every request and response body, as schemas that API, SDK and the OpenAPI document share.
 *
 * Bytes are unpadded base64url strings and ids are in their text form on the wire; on both sides of it they are `Uint8Array` and branded ids.
 * So a receiver calls `schema.parse(json)` and a sender `z.encode(schema, value)`. Requests refuse fields that they don't know; in responses those are skipped.
 */

/** The bounds that HTTP adds to those of the structures. */
export const HTTP_LIMITS = {
  challengeMs: 60_000,
  tokenMs: 600_000,
  tokenBytes: 32,
  inboxEntries: 200,
  pairingMs: 600_000,
  pairings: 1_000,
  inviteLinks: 100_000,
  boxesPerLink: 64,
  boxBytes: 1_168,
  eventsPerPage: 100,
  keyringRecordsPerPage: 100,
  assetsPerPage: 1_000,
  messagesPerPage: 200,
  /** A page of events ends after the event that passes this. */
  pageBytes: 4 * 1024 * 1024,
  originCharacters: 256,
  meetingCodeMinBytes: 16,
  meetingCodeMaxBytes: 64,
  /** An epoch event of 8 MiB, base64url and a certificate. */
  eventBodyBytes: 12 * 1024 * 1024,
  /** A snapshot of 4 MiB, base64url and a record. */
  snapshotBodyBytes: 6 * 1024 * 1024,
  /** Every other body: the largest holds a link and its boxes. */
  bodyBytes: 256 * 1024,
} as const

const base64UrlPattern = /^[A-Za-z0-9_-]*$/

function describeFailure(error: unknown): string {
  return isArchiveError(error) ? error.message : "malformed"
}

/** Bytes between `min` and `max` long, as base64url on the wire. */
export function bytesBetween(min: number, max: number): z.ZodCodec<z.ZodString, z.ZodCustom<Uint8Array, Uint8Array>> {
  const text = z
    .string()
    .min(Math.ceil((min * 4) / 3))
    .max(Math.ceil((max * 4) / 3))
    .regex(base64UrlPattern)
  const raw = z.custom<Uint8Array>(
    (value) => value instanceof Uint8Array && value.length >= min && value.length <= max,
    `not ${min} to ${max} bytes`,
  )
  return z.codec(text, raw, {
    decode: (encoded, context) => {
      try {
        return fromBase64Url(encoded)
      } catch (error) {
        context.issues.push({ code: "custom", input: encoded, message: describeFailure(error) })
        return z.NEVER
      }
    },
    encode: (bytes) => toBase64Url(bytes),
  })
}

/** Exactly `length` bytes, as base64url on the wire. */
export function bytesOf(length: number): ReturnType<typeof bytesBetween> {
  return bytesBetween(length, length)
}

/** An id in its text form on the wire. SPEC.md §1. */
export function idOf<Kind extends IdKind>(
  kind: Kind,
): z.ZodCodec<z.ZodString, z.ZodCustom<IdKinds[Kind], IdKinds[Kind]>> {
  const text = z
    .string()
    .max(40)
    .meta({ description: `id of ${kind}` })
  return z.codec(
    text,
    z.custom<IdKinds[Kind]>((value) => value instanceof Uint8Array),
    {
      decode: (encoded, context) => {
        try {
          return parseId(kind, encoded)
        } catch (error) {
          context.issues.push({ code: "custom", input: encoded, message: describeFailure(error) })
          return z.NEVER
        }
      },
      encode: (id) => formatId(kind, id),
    },
  )
}

const hash = bytesOf(HASH_BYTES)
const publicKey = bytesOf(32)
const signature = bytesOf(64)
const count = z.int().min(0)
/** B6. */
const timeMs = count.max(LAST_TIME_MS)
const day = count.max(LAST_DAY)

/** A count in a path or a query: digits on the wire. */
export const countText = z
  .string()
  .regex(/^(?:0|[1-9][0-9]{0,15})$/)
  .transform(Number)
  .pipe(count)

// Service

export const Problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.enum(ERROR_CODES),
    retryable: z.boolean(),
    place: z.string().optional(),
  })
  .meta({ id: "Problem", description: "RFC 9457, with the code that programs go by" })

export const Health = z.object({ status: z.literal("ok"), version: z.string() }).meta({ id: "Health" })

export const Readiness = z
  .object({ status: z.enum(["ready", "draining", "unavailable"]) })
  .meta({ id: "Readiness", description: "whether catalog and store answer" })

export const InstanceResponse = z
  .object({
    version: z.string(),
    instance: idOf("instance"),
    instanceKey: publicKey,
    serverKeys: z.array(bytesBetween(1, LIMITS.serverKeyBytes)).min(1).max(64),
    incarnation: count,
    meetingCreation: z.enum(["open", "code"]),
    limits: z.object({
      streamBytes: count.max(MAX_STREAM_BYTES),
      pieceBytes: count,
      unstoredBytes: count,
      meetingBytes: count.nullable(),
      inboxEntries: count,
      eventBytes: count,
      epochEventBytes: count,
    }),
  })
  .meta({ id: "Instance", description: "who this server is; clients pin instanceKey at init. SPEC.md §10" })

// Accounts, SPEC.md §5

export const CreateAccountRequest = z
  .strictObject({
    genesis: bytesBetween(1, LIMITS.linkBytes),
    boxes: z.array(bytesOf(HTTP_LIMITS.boxBytes)).min(1).max(HTTP_LIMITS.boxesPerLink),
  })
  .meta({
    id: "CreateAccountRequest",
    description: "the genesis link and the seed boxes whose hashes it names, in its order",
  })

export const CreateAccountResponse = z.object({ account: idOf("account") }).meta({ id: "CreateAccountResponse" })

export const ChainResponse = z
  .object({ links: z.array(bytesBetween(1, LIMITS.linkBytes)) })
  .meta({ id: "Chain", description: "every link of a sigchain, the genesis first" })

export const AppendLinkRequest = z
  .strictObject({
    link: bytesBetween(1, LIMITS.linkBytes),
    boxes: z.array(bytesOf(HTTP_LIMITS.boxBytes)).max(HTTP_LIMITS.boxesPerLink),
  })
  .meta({
    id: "AppendLinkRequest",
    description: "the next link, and the seed boxes whose hashes it names, in its order",
  })

export const AppendLinkResponse = z.object({ seq: count }).meta({ id: "LinkAppended" })

export const RecoveryRequest = z
  .strictObject({ recoveryKey: publicKey })
  .meta({ id: "RecoveryRequest", description: "the recovery device's Ed25519 key" })

export const RecoveryResponse = z.object({ account: idOf("account") }).meta({ id: "RecoveredAccount" })

export const PairingMessage = z
  .strictObject({ sealed: bytesBetween(1, LIMITS.pairingMessageBytes) })
  .meta({ id: "PairingMessage", description: "sealed under a secret that only the two devices have. SPEC.md §5.5" })

export const PairingPosted = z.object({ expiresAtMs: timeMs }).meta({ id: "PairingPosted" })

export const BoxesResponse = z.object({ boxes: z.array(bytesOf(HTTP_LIMITS.boxBytes)) }).meta({ id: "Boxes" })

/** Letters and digits of ASCII, with single dots, dashes and underscores between them: so that no two look alike by letters from elsewhere. */
export const handle = z
  .string()
  .min(3)
  .max(LIMITS.handleBytes)
  .regex(/^[a-z0-9]+(?:[._-][a-z0-9]+)*$/)

export const HandleRequest = z
  .strictObject({ handle: handle.nullable() })
  .meta({ id: "HandleRequest", description: "a name that is unique on this instance, or null for none" })

export const HandleResponse = z.object({ handle: handle.nullable() }).meta({ id: "Handle" })

export const HandleOwnerResponse = z.object({ account: idOf("account") }).meta({ id: "HandleOwner" })

export const ChallengeResponse = z
  .object({ nonce: bytesOf(32), expiresAtMs: timeMs })
  .meta({ id: "Challenge", description: "to be answered once, within 60 s. SPEC.md §11" })

const origin = z.string().min(1).max(HTTP_LIMITS.originCharacters)

export const AccountTokenRequest = z
  .strictObject({ key: publicKey, nonce: bytesOf(32), expiresAtMs: timeMs, signature, origin })
  .meta({ id: "AccountTokenRequest", description: "a challenge answered by an active device" })

export const MeetingTokenRequest = z
  .strictObject({
    scope: z.enum(["access", "admin"]),
    epoch: count,
    nonce: bytesOf(32),
    expiresAtMs: timeMs,
    signature,
    origin,
  })
  .meta({ id: "MeetingTokenRequest", description: "a challenge answered with the access or admin key of an epoch" })

export const TokenResponse = z
  .object({ token: bytesOf(HTTP_LIMITS.tokenBytes), expiresAtMs: timeMs })
  .meta({ id: "Token", description: "for `Authorization: Bearer`, 10 minutes" })

const entry = bytesOf(16)

export const InboxPostResponse = z.object({ entry }).meta({ id: "InboxPosted" })

export const InboxResponse = z
  .object({
    entries: z.array(z.object({ entry, sealed: bytesOf(LIMITS.invitationBytes), day })).max(HTTP_LIMITS.inboxEntries),
  })
  .meta({ id: "Inbox" })

export const KeyringResponse = z
  .object({
    /** Of the records before those that follow, where these were asked for and are gone. */
    snapshot: bytesBetween(1, LIMITS.keyringSnapshotBytes).nullable(),
    records: z.array(bytesBetween(1, LIMITS.keyringRecordBytes)).max(HTTP_LIMITS.keyringRecordsPerPage),
    next: count.nullable(),
  })
  .meta({ id: "Keyring", description: "records from the seq asked for; `next` continues" })

export const KeyringAppendRequest = z
  .strictObject({ record: bytesBetween(1, LIMITS.keyringRecordBytes) })
  .meta({ id: "KeyringAppendRequest" })

export const KeyringSnapshotRequest = z
  .strictObject({
    snapshot: bytesBetween(1, LIMITS.keyringSnapshotBytes),
    record: bytesBetween(1, LIMITS.keyringRecordBytes),
  })
  .meta({
    id: "KeyringSnapshotRequest",
    description: "a snapshot of every record so far, and the record that names it",
  })

export const KeyringAppendResponse = z.object({ seq: count }).meta({ id: "KeyringAppended" })

// Meetings, SPEC.md §7

export const CreateMeetingRequest = z
  .strictObject({
    event: bytesBetween(1, LIMITS.epochEventBytes),
    certificate: bytesBetween(1, LIMITS.certificateBytes),
    code: bytesBetween(HTTP_LIMITS.meetingCodeMinBytes, HTTP_LIMITS.meetingCodeMaxBytes).optional(),
  })
  .meta({
    id: "CreateMeetingRequest",
    description:
      "the genesis event, certified by its own access and admin keys; with the instance's code where meetingCreation is code",
  })

export const CreateMeetingResponse = z.object({ meeting: idOf("meeting") }).meta({ id: "CreateMeetingResponse" })

export const AppendEventRequest = z
  .strictObject({
    event: bytesBetween(1, LIMITS.epochEventBytes),
    certificate: bytesBetween(1, LIMITS.certificateBytes).optional(),
  })
  .meta({ id: "AppendEventRequest", description: "the next event; an epoch event with its certificate" })

const Head = z.object({ seq: count, hash })

export const AppendEventResponse = Head.meta({ id: "EventAppended" })

export const EventsResponse = z
  .object({
    events: z.array(bytesBetween(1, LIMITS.epochEventBytes)).max(HTTP_LIMITS.eventsPerPage),
    next: count.nullable(),
    head: Head,
  })
  .meta({ id: "Events", description: "events from the seq asked for; `next` continues; `head` is the newest of all" })

// Chat, SPEC.md §16.4

const message = bytesBetween(1, LIMITS.messageBytes)

export const PostMessageRequest = z.strictObject({ message }).meta({ id: "PostMessageRequest" })

export const PostMessageResponse = z.object({ seq: count, incarnation: count, hash }).meta({
  id: "MessagePosted",
  description: "where the message with this id stands, and the SHA-256 of what stands there",
})

export const PlacedMessage = z.object({ seq: count, incarnation: count, day, message })

export const MessagesResponse = z
  .object({
    messages: z.array(PlacedMessage).max(HTTP_LIMITS.messagesPerPage),
    next: count.nullable(),
    first: count,
    count,
    incarnation: count,
  })
  .meta({
    id: "Messages",
    description:
      "upwards by seq, or downwards with `before`; `next` continues the same way; `first` is the seq of the oldest that is kept, `count` one more than the newest's",
  })

// Invite links, SPEC.md §9.1

export const CreateInviteLinkRequest = z
  .strictObject({
    openHash: hash,
    sealed: bytesOf(LIMITS.inviteLinkBytes),
    uses: count.min(1).max(LIMITS.inviteLinkUses),
    expiresDay: count.max(0x7fff_ffff),
  })
  .meta({ id: "CreateInviteLinkRequest", description: "a sealed statement, and the SHA-256 of what opens it" })

export const OpenInviteLinkRequest = z
  .strictObject({ key: bytesOf(32), opening: bytesOf(16) })
  .meta({ id: "OpenInviteLinkRequest", description: "the same `opening` again counts no further use" })

export const OpenInviteLinkResponse = z
  .object({ sealed: bytesOf(LIMITS.inviteLinkBytes) })
  .meta({ id: "OpenedInviteLink" })

export const EndInviteLinkRequest = z.strictObject({ key: bytesOf(32) }).meta({ id: "EndInviteLinkRequest" })

// Uploads and assets, SPEC.md §4

export const UploadState = z.enum(["uploading", "storing", "stored", "cancelled"])

const receipt = bytesBetween(1, LIMITS.receiptBytes)

export const UploadStatusResponse = z
  .object({ state: UploadState, offsetBytes: count, storedBytes: count, receipt: receipt.optional() })
  .meta({ id: "UploadStatus", description: "bytes acknowledged, and bytes of chunks that are in the store" })

export const FinishUploadRequest = z
  .strictObject({ sizeBytes: count.max(MAX_STREAM_BYTES), root: hash })
  .meta({ id: "FinishUploadRequest", description: "the stream's length and Merkle root" })

export const FinishUploadResponse = z
  .object({ state: UploadState, storedBytes: count, receipt: receipt.optional() })
  .meta({ id: "UploadFinished", description: "202 while chunks are being stored; 200 with the receipt" })

/** Leaf hashes of live segments in one answer. */
export const LIVE_LEAVES = 4_096
/** Live segments in one answer: 1 MiB. */
export const LIVE_SEGMENTS = 16

export const LiveHeadRequest = z
  .strictObject({ segments: count.min(1), head: bytesOf(LIVE_HEAD_BYTES) })
  .meta({ id: "LiveHeadRequest", description: "the sealed head, and up to which segment it speaks. SPEC.md §4.5" })

export const LiveAssetResponse = z
  .object({
    state: UploadState,
    /** As the newest head was sent with; 0 before the first. */
    segments: count,
    head: bytesOf(LIVE_HEAD_BYTES).nullable(),
    leaves: bytesBetween(0, LIVE_LEAVES * HASH_BYTES),
  })
  .meta({ id: "LiveAsset", description: "the newest sealed head, and leaf hashes of segments under it. SPEC.md §4.5" })

/** What a case of an authority asks for. SPEC.md §17. */
export const CASE_KINDS = ["preserve", "produce", "erase-objection", "emergency"] as const
export type CaseKind = (typeof CASE_KINDS)[number]

const NoticeAction = z.enum(["hold", "release", "produce", "close"])
export type NoticeAction = z.infer<typeof NoticeAction>

/** The newest cases, their newest steps, and the first assets of a step; `assetCount` says how many there are. */
export const NOTICE_LIMITS = { cases: 100, steps: 200, assets: 100 } as const

export const NoticesResponse = z
  .object({
    notices: z
      .array(
        z.object({
          case: idOf("case"),
          kind: z.enum(CASE_KINDS),
          openedDay: day,
          /** From which day on it may be told. */
          noticeDay: day,
          steps: z
            .array(
              z.object({
                action: NoticeAction,
                day,
                /** About the account or the meeting itself, with all that it stores; else about some assets of the meeting. */
                isWhole: z.boolean(),
                assets: z.array(idOf("asset")).max(NOTICE_LIMITS.assets),
                assetCount: count,
                /** Days of upload that it is limited to. */
                fromDay: day.nullable(),
                toDay: day.nullable(),
                /** Of a hold. */
                untilDay: day.nullable(),
                /** Of a production: what its signature covers. */
                tagManifestSha512: bytesOf(64).nullable(),
              }),
            )
            .max(NOTICE_LIMITS.steps),
        }),
      )
      .max(NOTICE_LIMITS.cases),
  })
  .meta({ id: "Notices", description: "requests of authorities that concern it and may be told of. SPEC.md §17" })

export const PurgeResponse = z
  .object({ purgeDay: day })
  .meta({ id: "Purge", description: "the day, UTC, on which the server removes the bytes. SPEC.md §15" })

export const MeetingResponse = z
  .object({
    assetCount: count,
    storedBytes: count,
    retentionDays: count.nullable(),
    purgeDay: day.nullable(),
  })
  .meta({ id: "Meeting", description: "what of it is stored, and for how long" })

export const RetentionRequest = z
  .strictObject({ days: z.int().min(1).max(LIMITS.retentionDays).nullable() })
  .meta({ id: "RetentionRequest" })

export const AssetsResponse = z
  .object({
    assets: z
      .array(z.object({ asset: idOf("asset"), sizeBytes: count, storedDay: day, purgeDay: day.nullable() }))
      .max(HTTP_LIMITS.assetsPerPage),
    next: idOf("asset").nullable(),
  })
  .meta({ id: "Assets", description: "assets after the one that was asked for; `next` continues" })

export const AssetResponse = z
  .object({ header: bytesOf(64), sizeBytes: count, root: hash, receipt })
  .meta({ id: "Asset" })
