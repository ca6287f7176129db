import { isArchiveError } from "../../../shared/protocol/errors.js"
import type { CapturedFile } from "../../sdk/live-capture/capture.js"
import { openRecord, sealRecord } from "../platform/device-key.js"
import { readWholeSealed, writeSealed } from "../platform/sealed-files.js"

/**
 * What a recorder goes on to bring after its capture ended with the epoch, and before the next one is announced: it goes into the archive of the one
 * before, which was announced before all of it, and is never sent live. Kept sealed under the device's key. SPEC.md §7.6.
 */

function nameOf(index: number): string {
  return `tail-${index}`
}

function placeOf(captureId: string, index: number): string {
  return `tail ${captureId} ${index}`
}

/** Durable when it resolves. @param index counts up from 0. @throws {@link ArchiveError} `out-of-space`. */
export async function keepTail(captureId: string, index: number, bytes: Uint8Array): Promise<void> {
  await writeSealed(captureId, nameOf(index), 0, await sealRecord(placeOf(captureId, index), bytes))
}

/** All that was kept of it, empty where there is none. */
export async function openTail(captureId: string): Promise<CapturedFile> {
  const starts: number[] = []
  let sizeBytes = 0
  for (let part = await readTail(captureId, 0); part !== null; part = await readTail(captureId, starts.length)) {
    starts.push(sizeBytes)
    sizeBytes += part.length
  }
  return {
    sizeBytes,
    read: async (start, end) => {
      const into = new Uint8Array(Math.max(0, Math.min(end, sizeBytes) - start))
      for (let filled = 0; filled < into.length;) {
        const index = starts.findLastIndex((first) => first <= start + filled)
        const within = start + filled - (starts[index] ?? 0)
        const part = (await readTail(captureId, index))?.subarray(within, within + into.length - filled)
        if (part === undefined) break
        into.set(part, filled)
        filled += part.length
      }
      return into
    },
  }
}

async function readTail(captureId: string, index: number): Promise<Uint8Array | null> {
  const sealed = await readWholeSealed(captureId, nameOf(index))
  if (sealed === null) return null
  try {
    return await openRecord(placeOf(captureId, index), sealed)
  } catch (error) {
    // The one that was being written when the page ended.
    if (isArchiveError(error) && error.code === "cannot-open") return null
    throw error
  }
}
