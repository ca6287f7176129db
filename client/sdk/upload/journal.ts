import * as z from "zod"
import { fromBase64Url, toBase64Url, utf8 } from "../../../shared/protocol/bytes.js"
import { ArchiveError } from "../../../shared/protocol/errors.js"
import { ASSET_ROLES } from "../../../shared/protocol/recording.js"
import type { PlaintextSource } from "./pieces.js"

/** What is kept of an upload from its first byte to its publication, so that any interruption can be made good. */

/** A string in the journal's JSON. */
const bytes = z.codec(
  z.string(),
  z.custom<Uint8Array>((value) => value instanceof Uint8Array),
  { decode: fromBase64Url, encode: toBase64Url },
)
const uint = z.number().int().min(0)

const journalAssetSchema = z.object({
  role: z.enum(ASSET_ROLES),
  mediaType: z.string(),
  rawHeader: bytes,
  contentKey: bytes,
  uploadSecret: bytes,
  /** Bytes of the source; `null` until a source of unknown length ended. */
  trueBytes: uint.nullable(),
  done: z.object({ storedBytes: uint, root: bytes, receipt: bytes }).nullable(),
})

const journalLiveSchema = z.object({
  mediaType: z.string(),
  rawHeader: bytes,
  contentKey: bytes,
  uploadSecret: bytes,
  /** Segments in all, noted before the last is sealed. */
  endSegments: uint.nullable(),
  isStored: z.boolean(),
})
export type JournalLive = z.infer<typeof journalLiveSchema>

const journalSchema = z.object({
  version: z.literal(1),
  recordingId: bytes,
  meetingHash: bytes,
  captureEpoch: uint,
  details: z.object({
    title: z.string(),
    fileName: z.string().nullable(),
    capturedAtMs: uint.nullable(),
    durationMs: uint.nullable(),
    prepared: z.enum(["as-is", "remuxed"]),
  }),
  assets: z.array(journalAssetSchema).min(1),
  /** The signed event, stored before it is sent. */
  rawEvent: bytes.nullable(),
  /** Of a capture: what it goes live as, until the recording stands in its place. */
  live: journalLiveSchema.nullable().default(null),
})

export type Journal = z.infer<typeof journalSchema>
export type JournalAsset = z.infer<typeof journalAssetSchema>

/** A signed event and 64 assets with their receipts take less than half of it. */
export const JOURNAL_LIMIT_BYTES = 1024 * 1024

export function encodeJournal(journal: Journal): Uint8Array {
  return utf8(JSON.stringify(z.encode(journalSchema, journal)))
}

/** @throws {@link ArchiveError} `malformed`, `too-large`. */
export function decodeJournal(raw: Uint8Array): Journal {
  if (raw.length > JOURNAL_LIMIT_BYTES) throw new ArchiveError("too-large", "a journal that is longer than any")
  try {
    return z.decode(
      journalSchema,
      JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(raw)) as z.input<typeof journalSchema>,
    )
  } catch (cause) {
    throw new ArchiveError("malformed", "a journal of another form", { cause })
  }
}

/** Where an upload's journal is kept. What changes it is durable when it resolves. An asset is named by its id. */
export interface JournalStore {
  load(): Promise<Journal | null>
  save(journal: Journal): Promise<void>
  /** Leaf hashes of an asset's segments, 32 bytes each, in order; empty where there are none. */
  loadLeaves(assetId: Uint8Array): Promise<Uint8Array>
  /** Puts `leaves` at segment `firstSegment`. */
  saveLeaves(assetId: Uint8Array, firstSegment: number, leaves: Uint8Array): Promise<void>
  /** Puts sealed bytes at `startBytes`: of a source that comes once, they are what an upload goes on with. */
  saveSealed(assetId: Uint8Array, startBytes: number, sealed: Uint8Array): Promise<void>
  /** Fills `into` with the sealed bytes from `startBytes` on. @throws {@link ArchiveError} `changed` where they are not there. */
  loadSealed(assetId: Uint8Array, startBytes: number, into: Uint8Array): Promise<void>
  /** Forgets an asset that was given up. */
  drop(assetId: Uint8Array): Promise<void>
  remove(): Promise<void>
}

/** The bytes of one asset. */
export interface AssetSource {
  /** `null` where the length is known only at the end. */
  readonly sizeBytes: number | null
  /** Whether the bytes come but once, as from standard input; then the recording has this one asset. */
  readonly comesOnce?: boolean
  /** From the beginning. A source that comes once is opened once. */
  open(): Promise<PlaintextSource & { close(): Promise<void> }>
}
