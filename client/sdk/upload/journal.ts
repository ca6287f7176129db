import { z } from "zod"
import type { PlaintextSource } from "./piece-sealer.js"

/** What is kept of an upload from its first byte to its publication, so that any interruption can be made good. */

const bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array)
const uint = z.number().int().min(0)

const journalAssetSchema = z.object({
  role: z.enum(["media", "poster", "waveform", "captions"]),
  mediaType: z.string(),
  rawHeader: bytes,
  contentKey: bytes,
  uploadSecret: bytes,
  /** Bytes of the source; `null` until a source of unknown length ended. */
  trueBytes: uint.nullable(),
  done: z.object({ storedBytes: uint, root: bytes, receipt: bytes }).nullable(),
})

export const journalSchema = z.object({
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
})

export type Journal = z.infer<typeof journalSchema>
export type JournalAsset = z.infer<typeof journalAssetSchema>

/** Where an upload's journal is kept. Every method is durable when it resolves. */
export interface JournalStore {
  load(): Promise<Journal | null>
  save(journal: Journal): Promise<void>
  /** Leaf hashes of an asset's segments, 32 bytes each, in order. */
  loadLeaves(asset: number): Promise<Uint8Array>
  /** Puts `leaves` at segment `firstSegment`. */
  saveLeaves(asset: number, firstSegment: number, leaves: Uint8Array): Promise<void>
  /** Forgets an asset's leaves: it begins anew under another key. */
  dropLeaves(asset: number): Promise<void>
  remove(): Promise<void>
}

/** The bytes of one asset, as often as they are needed from the beginning. */
export interface AssetSource {
  readonly sizeBytes: number | null
  open(): Promise<PlaintextSource & { close(): Promise<void> }>
}
