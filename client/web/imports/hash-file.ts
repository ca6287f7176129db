import { ArchiveError } from "../../../shared/protocol/errors.js"
import { trustedScriptUrl } from "../platform/trusted-urls.js"
import type { HashAnswer } from "./hash-worker.js"
import workerUrl from "./hash-worker.ts?worker&url"

/** SHA-256 of a file, beside the page. @throws {@link ArchiveError} `changed` where it can't be read; `interrupted` with the signal. */
export async function hashFile(
  file: File,
  onProgress: (doneBytes: number) => void,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const interrupted = (): ArchiveError => new ArchiveError("interrupted", "interrupted: import it again")
  if (signal.aborted) throw interrupted()
  const worker = new Worker(trustedScriptUrl(workerUrl), { type: "module" })
  try {
    return await new Promise((resolve, reject) => {
      const unreadable = (): void => {
        reject(new ArchiveError("changed", "the file can't be read: it was changed, moved or deleted meanwhile"))
      }
      signal.addEventListener("abort", () => {
        reject(interrupted())
      })
      worker.addEventListener("error", (event) => {
        event.preventDefault()
        unreadable()
      })
      worker.addEventListener("message", ({ data }: MessageEvent<HashAnswer>) => {
        if (data.kind === "progress") onProgress(data.doneBytes)
        else if (data.kind === "done") resolve(data.sha256)
        else unreadable()
      })
      worker.postMessage(file)
    })
  } finally {
    worker.terminate()
  }
}
