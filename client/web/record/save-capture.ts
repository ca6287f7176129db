import type { CapturedFile } from "../../sdk/live-capture/capture.js"
import { defaultFileName } from "../../sdk/saved-name.js"
import { handOver, savePicker, saveTo } from "../watch/save-to-disk.js"

const PORTION_BYTES = 4 * 1024 * 1024

/**
 * Gives a person the opened file of what was captured, where it wants to have it; nothing where it changes its mind.
 * @param open called once a place was chosen. @throws {@link ArchiveError} `out-of-space`, `unavailable`, and what `open` throws.
 */
export async function saveCapture(title: string, mediaType: string, open: () => Promise<CapturedFile>): Promise<void> {
  const name = defaultFileName(title, null, mediaType.replace(/;.*$/, ""))
  const pick = savePicker()
  try {
    // Browsers let a page ask only right after a press.
    const file = await pick?.({ suggestedName: name })
    const portions = portionsOf(await open())
    if (file === undefined) await handOver(name, mediaType, portions)
    else await saveTo(file, portions)
  } catch (error) {
    if (!(error instanceof DOMException) || error.name !== "AbortError") throw error
  }
}

async function* portionsOf({ sizeBytes, read }: CapturedFile): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < sizeBytes; at += PORTION_BYTES) yield await read(at, Math.min(sizeBytes, at + PORTION_BYTES))
}
