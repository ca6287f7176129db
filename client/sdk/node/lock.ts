import { mkdir } from "node:fs/promises"
import { dirname } from "node:path"
import { lock } from "proper-lockfile"
import { ArchiveError } from "../../../shared/protocol/errors.js"

/** A lock whose holder was killed is taken over after this long. */
const STALE_MS = 10_000
const RETRIES = 120

/** By path, what of this process holds it or waits for it last. */
const lasts = new Map<string, Promise<unknown>>()

/**
 * Runs `work` while it alone holds `path`'s lock. What waits in this process comes one after another, however long each takes: a process that stood still
 * for longer than its lock is fresh takes nothing over from itself.
 * @throws {@link ArchiveError} `conflict` if another process keeps it.
 */
export async function withLock<T>(
  path: string,
  work: () => Promise<T>,
  options: { readonly wait: boolean },
): Promise<T> {
  if (!options.wait) return await withFileLock(path, work, options)
  const before = lasts.get(path) ?? Promise.resolve()
  const own = before.then(async () => await withFileLock(path, work, options))
  const last = own.catch(() => undefined)
  lasts.set(path, last)
  try {
    return await own
  } finally {
    if (lasts.get(path) === last) lasts.delete(path)
  }
}

async function withFileLock<T>(path: string, work: () => Promise<T>, options: { readonly wait: boolean }): Promise<T> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const retries = options.wait
    ? { retries: RETRIES, minTimeout: 20, maxTimeout: 250, factor: 1.3 }
    : { retries: 60, minTimeout: 200, maxTimeout: 200, factor: 1 }
  const release = await lock(path, {
    realpath: false,
    stale: STALE_MS,
    update: STALE_MS / 4,
    retries,
    // A computer that slept meanwhile goes on with what it did; nothing says so but a timer, which would end the process.
    onCompromised: () => undefined,
  }).catch((cause: unknown) => {
    if (Reflect.get(cause as object, "code") !== "ELOCKED")
      throw new ArchiveError("unavailable", `${dirname(path)} can't be written`, { cause, retryable: false })
    throw new ArchiveError("conflict", "another taciturn process works on this: wait until it has ended", {
      cause,
      retryable: true,
    })
  })
  try {
    return await work()
  } finally {
    await release().catch(() => undefined)
  }
}
