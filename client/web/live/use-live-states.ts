import { useEffect, useState } from "react"
import { toHex } from "../../../shared/protocol/bytes.js"
import { isArchiveError } from "../../../shared/protocol/errors.js"
import type { LiveHead } from "../../../shared/protocol/live-asset.js"
import type { Client } from "../../sdk/client.js"
import type { LiveCapture } from "../../sdk/live-capture/captures.js"
import { INTERRUPTED_MS } from "../../sdk/live-capture/follow.js"
import { LiveView } from "../../sdk/live-capture/live-view.js"
import { sleep } from "../../sdk/retry.js"
import { useClient } from "../signed-in/client-context.js"

/** How it stands with a capture that nothing was published of yet. */
export type CaptureStanding =
  /** The server was not heard yet. */
  | { readonly kind: "asking" }
  /** It was announced, and nothing of it came. */
  | { readonly kind: "nothing" }
  /** `seenAtMs`: since when its newest head is here, in the page's own time. */
  | { readonly kind: "live"; readonly newestMs: number; readonly head: LiveHead; readonly seenAtMs: number }
  | { readonly kind: "interrupted"; readonly newestMs: number }
  /** Its recorder ended it, and makes a recording of it. */
  | { readonly kind: "finishing"; readonly newestMs: number }
  /** Its author took it away. */
  | { readonly kind: "gone" }
  | { readonly kind: "failed"; readonly error: unknown }

const LOOK_MS = 5_000
/** What stood still for long is asked for less often. */
const STILL_MS = 120_000
const STILL_LOOK_MS = 30_000
const ASKING: CaptureStanding = { kind: "asking" }

/** Asks the server every few seconds how it stands with captures, while a screen shows them. @returns that of each. */
export function useLiveStates(captures: readonly LiveCapture[]): (live: LiveCapture) => CaptureStanding {
  const client = useClient()
  const [standings, setStandings] = useState<ReadonlyMap<string, CaptureStanding>>(new Map())
  const key = captures.map(keyOf).join()
  useEffect(() => {
    const stopped = new AbortController()
    for (const live of captures)
      followStanding(client, live, stopped.signal, (standing) => {
        if (!stopped.signal.aborted) setStandings((before) => new Map([...before, [keyOf(live), standing]]))
      }).catch(() => undefined)
    return () => {
      stopped.abort()
    }
    // A newer log has the same captures, but for those that the key tells.
  }, [client, key])
  return (live) => standings.get(keyOf(live)) ?? ASKING
}

function keyOf({ header }: LiveCapture): string {
  return toHex(header.assetId)
}

/** Tells how it stands with a capture until the signal, or until there is nothing more to ask. @throws {@link ArchiveError} `interrupted`. */
export async function followStanding(
  client: Client,
  live: LiveCapture,
  signal: AbortSignal,
  show: (standing: CaptureStanding) => void,
): Promise<void> {
  const view = new LiveView(client, live, { signal })
  let [segments, changedMs, seenAtMs] = [0, performance.now(), performance.now()]
  for (;;) {
    try {
      const head = await view.glance()
      if (head !== null && head.segments > segments) {
        const silentMs = segments === 0 ? Math.max(0, client.clock.nowMs() - head.timeMs) : 0
        seenAtMs = performance.now()
        changedMs = seenAtMs - silentMs
        segments = head.segments
      }
      show(standingOf(head, performance.now() - changedMs, seenAtMs))
    } catch (error) {
      const code = isArchiveError(error) ? error.code : null
      if (code === "interrupted") throw error
      if (code === "not-found" && segments === 0) show({ kind: "nothing" })
      else if (code === "gone" || code === "not-found") {
        show({ kind: "gone" })
        return
      } else {
        show({ kind: "failed", error })
        if (!isArchiveError(error) || !error.retryable) return
      }
    }
    await sleep(performance.now() - changedMs > STILL_MS ? STILL_LOOK_MS : LOOK_MS, signal)
  }
}

function standingOf(head: LiveHead | null, silentMs: number, seenAtMs: number): CaptureStanding {
  if (head === null) return { kind: "nothing" }
  const newestMs = head.timeMs
  if (head.isLast) return { kind: "finishing", newestMs }
  return silentMs > INTERRUPTED_MS ? { kind: "interrupted", newestMs } : { kind: "live", newestMs, head, seenAtMs }
}
