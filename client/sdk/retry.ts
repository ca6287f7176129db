import { ArchiveError, isArchiveError } from "../../shared/protocol/errors.js"

export interface RetryOptions {
  /** How long to go on trying; then the last error is thrown. */
  readonly patienceMs: number
  readonly signal?: AbortSignal | undefined
  /** Told before each wait, so that a person can be. */
  readonly onWait?: ((error: ArchiveError, waitMs: number) => void) | undefined
}

const FIRST_WAIT_MS = 250
const LONGEST_WAIT_MS = 10_000

/**
 * Runs `attempt` again while it fails with a retryable error, waiting longer each time, or as long as the server says.
 * @throws {@link ArchiveError} `interrupted` when the signal ends it; else what `attempt` threw last.
 */
export async function withRetry<T>(attempt: () => Promise<T>, options: RetryOptions): Promise<T> {
  const started = performance.now()
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
    assertNotAborted(options.signal)
    try {
      return await attempt()
    } catch (error) {
      assertNotAborted(options.signal)
      if (!isArchiveError(error) || !error.retryable) throw error
      const nextMs = Math.min(Math.max(waitMs, error.retryAfterMs ?? 0), LONGEST_WAIT_MS)
      if (performance.now() - started + nextMs > options.patienceMs) throw error
      options.onWait?.(error, nextMs)
      await sleep(nextMs, options.signal)
    }
  }
}

/** @throws {@link ArchiveError} `interrupted`. */
export function assertNotAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new ArchiveError("interrupted", "interrupted: call again to go on from here")
}

/** @throws {@link ArchiveError} `interrupted` when the signal comes first. */
export async function sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
  assertNotAborted(signal)
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener("abort", done)
      resolve()
    }
    const timer = setTimeout(done, delayMs)
    signal?.addEventListener("abort", done)
  })
  assertNotAborted(signal)
}
