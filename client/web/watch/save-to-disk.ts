import { ArchiveError } from "../../../shared/protocol/errors.js"

/** https://wicg.github.io/file-system-access/: not every browser has it. */
type SavePicker = (options: { readonly suggestedName: string }) => Promise<FileSystemFileHandle>

/** Asks where to; `null` where browsers can't ask. */
export function savePicker(): SavePicker | null {
  const { showSaveFilePicker } = globalThis as { readonly showSaveFilePicker?: SavePicker }
  return showSaveFilePicker === undefined ? null : async (options) => await showSaveFilePicker.call(globalThis, options)
}

export interface SaveOptions {
  readonly onProgress?: (doneBytes: number) => void
  /** Called before the file is there: where it throws, there is none. */
  readonly beforeKept?: () => Promise<void>
}

/** Writes bytes to a file as they come. The file is there only once it is whole. @throws {@link ArchiveError} and what `portions` throws. */
export async function saveTo(
  file: FileSystemFileHandle,
  portions: AsyncIterable<Uint8Array>,
  { onProgress, beforeKept }: SaveOptions = {},
): Promise<void> {
  const writable = await file.createWritable()
  try {
    let doneBytes = 0
    for await (const part of portions) {
      // A part is valid until the next is asked for; by then it is written.
      await writable.write(new Uint8Array(part))
      doneBytes += part.length
      onProgress?.(doneBytes)
    }
    await beforeKept?.()
    await writable.close()
  } catch (error) {
    await writable.abort().catch(() => undefined)
    throw asArchiveError(error)
  }
}

/** Gives bytes to the browser as a download, where pages can't ask for a place. @throws what `portions` throws. */
export async function handOver(
  name: string,
  type: string,
  portions: AsyncIterable<Uint8Array>,
  { onProgress, beforeKept }: SaveOptions = {},
): Promise<void> {
  // Each a blob of its own: browsers keep these on disk where they are many.
  const blobs: Blob[] = []
  let doneBytes = 0
  for await (const part of portions) {
    blobs.push(new Blob([new Uint8Array(part)]))
    doneBytes += part.length
    onProgress?.(doneBytes)
  }
  await beforeKept?.()
  const link = document.createElement("a")
  link.href = URL.createObjectURL(new Blob(blobs, { type }))
  link.download = name
  link.click()
  URL.revokeObjectURL(link.href)
}

function asArchiveError(error: unknown): unknown {
  if (!(error instanceof DOMException)) return error
  return error.name === "QuotaExceededError"
    ? new ArchiveError("out-of-space", "there is no room for the file", { cause: error })
    : new ArchiveError("unavailable", "the file can't be written", { cause: error })
}
