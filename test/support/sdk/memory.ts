import type { ClientState, JournalStore, RecordingId, StateBox } from "../../../client/sdk/index.js"
import { toHex } from "../../../shared/protocol/bytes.js"
import { asId } from "../../../shared/protocol/ids.js"
import { decodeJournal, encodeJournal } from "../../../client/sdk/upload/journal.js"
import { decodeState, encodeState } from "../../../client/sdk/state.js"

/** Stores of the SDK that last as long as the process: no sync of a disk is waited for. What is kept goes through its bytes, as on a disk. */

export function memoryStateBox(first: ClientState): StateBox {
  let raw = encodeState(first)
  let current = first
  return {
    get current() {
      return current
    },
    update: (change) => {
      raw = encodeState(change(decodeState(raw)))
      current = decodeState(raw)
      return Promise.resolve()
    },
  }
}

export interface MemoryJournal extends JournalStore {
  /** What is being uploaded; `null` before it has begun, and when it is done. */
  recording(): { readonly recordingId: RecordingId; readonly captureEpoch: number } | null
}

/** For sources that can be read again. */
export function memoryJournal(): MemoryJournal {
  let raw: Uint8Array | null = null
  const leaves = new Map<string, Uint8Array>()
  const load = () => (raw === null ? null : decodeJournal(raw))
  const comesOnce = () => Promise.reject(new Error("a source that comes once is kept in a folder"))
  return {
    recording: () => {
      const journal = load()
      if (journal === null) return null
      return { recordingId: asId("recording", journal.recordingId), captureEpoch: journal.captureEpoch }
    },
    load: () => Promise.resolve(load()),
    save: (journal) => {
      raw = encodeJournal(journal)
      return Promise.resolve()
    },
    loadLeaves: (assetId) => Promise.resolve(leaves.get(toHex(assetId)) ?? new Uint8Array(0)),
    saveLeaves: (assetId, firstSegment, added) => {
      const before = (leaves.get(toHex(assetId)) ?? new Uint8Array(0)).subarray(0, firstSegment * 32)
      leaves.set(toHex(assetId), Buffer.concat([before, added]))
      return Promise.resolve()
    },
    saveSealed: comesOnce,
    loadSealed: comesOnce,
    drop: (assetId) => {
      leaves.delete(toHex(assetId))
      return Promise.resolve()
    },
    remove: () => {
      raw = null
      return Promise.resolve()
    },
  }
}
