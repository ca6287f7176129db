import { concatBytes } from "../../../shared/protocol/bytes.js"
import { ArchiveError, isArchiveError } from "../../../shared/protocol/errors.js"
import { LIVE_SEGMENTS } from "../../../shared/protocol/http.js"
import type { LiveHead } from "../../../shared/protocol/live-asset.js"
import type { Client } from "../client.js"
import { sleep } from "../retry.js"
import type { AssetSource } from "../upload/journal.js"
import { sourceOf } from "../upload/once-source.js"
import type { LiveCapture } from "./captures.js"
import { LiveView } from "./live-view.js"

/** What goes live, as another member follows it: nothing is given out that its recorder's newest signed head does not vouch for. SPEC.md §4.5. */

/** `interrupted`: no head for a while; it may go on. */
export type LiveState = "live" | "interrupted"
/** `finished`: its recorder ended it; `replaced`: it is gone, and a recording may stand in its place. */
export type LiveEnd = "finished" | "replaced"

export interface FollowOptions {
  /** `edge`: the first segment, in which a player finds how to read the rest, and then the newest flush. */
  readonly from: "start" | "edge"
  /** @param place `isAfterGap`: what comes now does not follow what came before. */
  readonly onBytes: (
    bytes: Uint8Array,
    place: { readonly segment: number; readonly isAfterGap: boolean },
  ) => void | Promise<void>
  readonly onState?: (state: LiveState) => void
  readonly signal?: AbortSignal
}

const POLL_MS = 1_000
/** As SPEC.md §4.5 says. */
export const INTERRUPTED_MS = 30_000

/**
 * Follows a live asset until it ends, giving out verified bytes in order.
 * @throws {@link ArchiveError} as {@link watchHeads} and {@link LiveView.read}.
 */
export async function followLive(
  client: Client,
  live: LiveCapture,
  { from, onBytes, onState, signal }: FollowOptions,
): Promise<LiveEnd> {
  const view = new LiveView(client, live, { signal })
  let [next, isAfterGap] = [0, false]
  const onHead = async (head: LiveHead): Promise<void> => {
    const edge = head.flushes.at(-1)?.segment ?? 0
    while (next < head.segments) {
      for (const bytes of await view.read(next, from === "edge" && next === 0 ? 1 : LIVE_SEGMENTS)) {
        if (bytes.length > 0) await onBytes(bytes, { segment: next, isAfterGap })
        isAfterGap = false
        next++
      }
      if (from === "edge" && next <= 1 && edge > next) [next, isAfterGap] = [edge, true]
    }
  }
  return await watchHeads(client, view, { onHead, onState, signal })
}

export interface WatchHeadsOptions {
  /** Called with each verified head that says more than the one before; nothing more is asked until it is done. */
  readonly onHead: (head: LiveHead) => void | Promise<void>
  readonly onState?: ((state: LiveState) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Follows the heads of a live asset until it ends; what they vouch for is read by the view.
 * @throws {@link ArchiveError} as {@link LiveView.refresh}; what `onHead` throws.
 */
export async function watchHeads(
  { clock }: Pick<Client, "clock">,
  view: LiveView,
  { onHead, onState, signal }: WatchHeadsOptions,
): Promise<LiveEnd> {
  let [seen, changedMs, state] = [0, performance.now(), ""]
  const tell = (now: LiveState): void => {
    if (state !== now) onState?.(now)
    state = now
  }
  for (;;) {
    let head: LiveHead | null
    try {
      head = await view.refresh()
    } catch (error) {
      if (!isArchiveError(error) || (error.code !== "gone" && error.code !== "not-found")) throw error
      if (error.code === "gone" || view.head !== null) return "replaced"
      // It was announced, and nothing of it has come yet.
      head = null
    }
    if (head !== null && head.segments > seen) {
      // The first may be old already; by clocks that differ that is wrong for as long as the next takes to come.
      changedMs = performance.now() - (seen === 0 ? Math.max(0, clock.nowMs() - head.timeMs) : 0)
      seen = head.segments
      if (performance.now() - changedMs <= INTERRUPTED_MS) tell("live")
      await onHead(head)
    }
    if (head?.isLast === true) return "finished"
    if (performance.now() - changedMs > INTERRUPTED_MS) tell("interrupted")
    await sleep(POLL_MS, signal)
  }
}

export interface RecoverOptions {
  readonly signal?: AbortSignal | undefined
  /** Told of what was read, from 0 to 1. */
  readonly onProgress?: (fraction: number) => void
}

/**
 * What can be saved of a capture whose recorder is gone: all segments under its newest signed head. It can be opened again and again.
 * @throws {@link ArchiveError} `not-found` where no head came; `integrity`; `interrupted`.
 */
export async function recoverCapture(
  client: Client,
  live: LiveCapture,
  { signal, onProgress = () => undefined }: RecoverOptions = {},
): Promise<AssetSource> {
  const view = new LiveView(client, live, { signal })
  const head = await view.refresh()
  if (head === null) throw new ArchiveError("not-found", "nothing of this capture reached the server")
  const { segments } = head
  async function* all(): AsyncGenerator<Uint8Array> {
    for (let next = 0; next < segments;) {
      const read = await view.read(next, LIVE_SEGMENTS)
      yield concatBytes(...read)
      next += read.length
      onProgress(next / segments)
    }
  }
  return { sizeBytes: null, open: () => Promise.resolve({ ...sourceOf(all()), close: () => Promise.resolve() }) }
}
