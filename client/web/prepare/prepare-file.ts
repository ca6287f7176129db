import { ArchiveError } from "../../../shared/protocol/errors.js"
import { trustedScriptUrl } from "../platform/trusted-urls.js"
import type { PrepareAnswer, PrepareRequest } from "./prepare-messages.js"
import workerUrl from "./prepare-worker.ts?worker&url"
import type { Prepared } from "./prepared.js"

/**
 * Prepares a file beside the page, in a worker of its own whose memory goes with it.
 * @throws {@link ArchiveError} `interrupted` with the signal; `changed` where the file can't be read any more; `out-of-space`.
 */
export async function prepareFile(
  request: PrepareRequest,
  onProgress: (fraction: number) => void,
  signal: AbortSignal,
): Promise<Prepared> {
  const interrupted = (): ArchiveError => new ArchiveError("interrupted", "interrupted: call again to prepare it anew")
  if (signal.aborted) throw interrupted()
  const worker = new Worker(trustedScriptUrl(workerUrl), { type: "module" })
  try {
    return await new Promise<Prepared>((resolve, reject) => {
      signal.addEventListener("abort", () => {
        reject(interrupted())
      })
      worker.addEventListener("error", (event) => {
        event.preventDefault()
        reject(new ArchiveError("unsupported", `the browser can't prepare files: ${event.message}`))
      })
      worker.addEventListener("message", ({ data }: MessageEvent<PrepareAnswer>) => {
        if (data.kind === "progress") onProgress(data.fraction)
        else if (data.kind === "done") resolve(data.prepared)
        else reject(new ArchiveError(data.code, data.message, { retryable: false }))
      })
      worker.postMessage(request)
    })
  } finally {
    worker.terminate()
  }
}
