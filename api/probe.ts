import { ArchiveError } from "../shared/protocol/errors.js"

const PROBE_TIMEOUT_MS = 3_000

/**
 * Asks whether all of `checks` pass, within 3 s. Who asks while it is being asked gets the same answer, so that asking often costs no more.
 * @throws {@link ArchiveError} `unavailable`, or what a check threw.
 */
export function createProbe(...checks: readonly (() => Promise<unknown>)[]): () => Promise<void> {
  let asking: Promise<void> | undefined
  return () => {
    asking ??= askAll(checks).finally(() => {
      asking = undefined
    })
    return asking
  }
}

async function askAll(checks: readonly (() => Promise<unknown>)[]): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new ArchiveError("unavailable", "no answer in time"))
    }, PROBE_TIMEOUT_MS)
  })
  try {
    await Promise.race([Promise.all(checks.map((check) => check())), timeout])
  } finally {
    clearTimeout(timer)
  }
}
