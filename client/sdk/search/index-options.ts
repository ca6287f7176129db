import type { LetGoVolume, SearchVolume } from "./volume.js"

export interface IndexOptions {
  readonly signal: AbortSignal
  /** Told what is being read. */
  readonly onProgress?: (what: { readonly recordings: number; readonly messages: number }) => void
  /** Awaited now and then amid what only computes: whoever has a single thread does something else meanwhile. */
  readonly breathe?: () => Promise<void>
  /** So many messages are asked for at once. */
  readonly pageMessages?: number
  /** So many messages make a volume full. */
  readonly volumeMessages?: number
  /** Keeps a full volume as it is, so that what a long chat says is not held while it is read; `null` where it can't be kept: then it is held. */
  readonly letGo?: (volume: SearchVolume) => Promise<LetGoVolume | null>
}

/** So many are put into an index without a breath. */
export const PORTION = 200
