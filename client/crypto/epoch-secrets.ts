import { equalBytes } from "../../shared/protocol/bytes.js"
import { isArchiveError } from "../../shared/protocol/errors.js"
import type { MeetingEvent } from "../../shared/protocol/event.js"
import { openHistory } from "./epoch-event.js"
import { deriveEpochKeys } from "./epoch-keys.js"

/** A secret that the reader got otherwise than by a box: it made the epoch, or was invited to it. */
export interface KnownEpochSecret {
  readonly eventHash: Uint8Array
  readonly epoch: number
  readonly secret: Uint8Array
  readonly adminSeed: Uint8Array | null
}

/** A secret that counts once its event verified. */
export type CandidateSecret = Omit<KnownEpochSecret, "eventHash">

/** By the event's place: from the secrets that are known, back through the sealed histories: the secrets of the epochs before. */
export function collectCandidates(
  meetingHash: Uint8Array,
  events: readonly MeetingEvent[],
  hashes: readonly Uint8Array[],
  known: readonly KnownEpochSecret[],
): ReadonlyMap<number, CandidateSecret> {
  const candidates = new Map<number, CandidateSecret>()
  for (const secret of known) {
    let seq = hashes.findIndex((hash) => equalBytes(hash, secret.eventHash))
    if (seq >= 0) candidates.set(seq, secret)
    while (seq > 0) {
      const part = events[seq]?.epochPart
      const held = candidates.get(seq)
      if (part === null || part?.sealedHistory == null || held === undefined) break
      const base = hashes.findIndex((hash) => equalBytes(hash, part.base))
      if (base < 0 || base >= seq) break
      try {
        const history = openHistory(
          deriveEpochKeys(held.secret, held.epoch),
          meetingHash,
          part.base,
          part.sealedHistory,
        )
        if (!candidates.has(base)) candidates.set(base, { ...history, adminSeed: null })
      } catch (error) {
        if (!isArchiveError(error)) throw error
        break
      }
      seq = base
    }
  }
  return candidates
}
