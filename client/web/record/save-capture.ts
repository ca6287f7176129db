import type { CapturedFile } from "../../sdk/live-capture/capture.js"
import { defaultFileName } from "../../sdk/saved-name.js"
import { savePicker, saveTo } from "../watch/save-to-disk.js"

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
    const captured = await open()
    if (file === undefined) await download(captured, name, mediaType)
    else await saveTo(file, readerOf(captured), () => undefined, new AbortController().signal)
  } catch (error) {
    if (!(error instanceof DOMException) || error.name !== "AbortError") throw error
  }
}

function readerOf({ sizeBytes, read }: CapturedFile): Parameters<typeof saveTo>[1] {
  return {
    sizeBytes,
    read: async function* (start, end) {
      for (let at = start; at <= end; at += PORTION_BYTES) yield await read(at, Math.min(end + 1, at + PORTION_BYTES))
    },
  }
}

/** Where pages can't ask for a place, the browser puts it among its downloads. */
async function download({ sizeBytes, read }: CapturedFile, name: string, type: string): Promise<void> {
  const parts: Uint8Array<ArrayBuffer>[] = []
  for (let at = 0; at < sizeBytes; at += PORTION_BYTES)
    parts.push(new Uint8Array(await read(at, Math.min(sizeBytes, at + PORTION_BYTES))))
  const link = document.createElement("a")
  link.href = URL.createObjectURL(new Blob(parts, { type }))
  link.download = name
  link.click()
  URL.revokeObjectURL(link.href)
}
