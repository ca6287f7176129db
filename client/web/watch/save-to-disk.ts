import { ArchiveError } from "../../../shared/protocol/errors.js"
import type { AssetReader } from "../../sdk/reader/asset-reader.js"

/** https://wicg.github.io/file-system-access/: not every browser has it. */
type SavePicker = (options: { readonly suggestedName: string }) => Promise<FileSystemFileHandle>

/** Asks where to; `null` where browsers can't ask. */
export function savePicker(): SavePicker | null {
  const { showSaveFilePicker } = globalThis as { readonly showSaveFilePicker?: SavePicker }
  return showSaveFilePicker === undefined ? null : async (options) => await showSaveFilePicker.call(globalThis, options)
}

/** Writes opened bytes to a file, each part as it was verified. The file is there only once it is whole. @throws {@link ArchiveError} */
export async function saveTo(
  file: FileSystemFileHandle,
  reader: Pick<AssetReader, "sizeBytes" | "read">,
  onProgress: (doneBytes: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const writable = await file.createWritable()
  try {
    let doneBytes = 0
    for await (const part of reader.read(0, Math.max(0, reader.sizeBytes - 1), signal)) {
      // A part is valid until the next is asked for; by then it is written.
      await writable.write(new Uint8Array(part))
      doneBytes += part.length
      onProgress(doneBytes)
    }
    await writable.close()
  } catch (error) {
    await writable.abort().catch(() => undefined)
    throw asArchiveError(error)
  }
}

function asArchiveError(error: unknown): unknown {
  if (!(error instanceof DOMException)) return error
  return error.name === "QuotaExceededError"
    ? new ArchiveError("out-of-space", "there is no room for the file", { cause: error })
    : new ArchiveError("unavailable", "the file can't be written", { cause: error })
}
