import { concatBytes } from "../../../shared/protocol/bytes.js"
import { sodiumPrimitives } from "../../crypto/primitives.js"
import { sodiumReady } from "../../crypto/sodium.js"
import { type CapturedFile, openCaptured } from "../../sdk/live-capture/capture.js"
import type { SealingParts } from "../../sdk/live-capture/sealing.js"
import { inlineSegmentWork } from "../../sdk/segment-work.js"
import { openJournal } from "../platform/journal-store.js"
import { openTail } from "./capture-tail.js"

/** All that was recorded under a journal, as the recorder gave it, to be read at any place. @throws {@link ArchiveError} `not-found`, `integrity`. */
export async function openCapturedOriginal(parts: SealingParts, captureId: string): Promise<CapturedFile> {
  const [captured, tail] = [await openCaptured(parts, openJournal(captureId)), await openTail(captureId)]
  const border = captured.sizeBytes
  return {
    sizeBytes: border + tail.sizeBytes,
    read: async (start, end) =>
      concatBytes(
        start < border ? await captured.read(start, Math.min(end, border)) : new Uint8Array(0),
        end > border ? await tail.read(Math.max(0, start - border), end - border) : new Uint8Array(0),
      ),
  }
}

/** The same in a worker, which has no account: opening is all that it does. */
export async function openCapturedHere(captureId: string): Promise<CapturedFile> {
  await sodiumReady()
  return await openCapturedOriginal(
    { primitives: sodiumPrimitives, segmentWork: inlineSegmentWork(sodiumPrimitives) },
    captureId,
  )
}
