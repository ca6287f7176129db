import { useCallback, useEffect, useRef, useState } from "react"
import { toHex } from "../../../shared/protocol/bytes.js"
import { ArchiveError, isArchiveError } from "../../../shared/protocol/errors.js"
import type { LiveCapture } from "../../sdk/live-capture/captures.js"
import { type LiveEnd, type LiveState, watchHeads } from "../../sdk/live-capture/follow.js"
import { LiveView } from "../../sdk/live-capture/live-view.js"
import { Failures } from "../playback/played.js"
import { useClient } from "../signed-in/client-context.js"
import { LiveFeed } from "./live-feed.js"
import { isPlayable, type LivePlayback, playLive } from "./live-source.js"
import { WebmScan } from "./webm-scan.js"

export interface FollowedCapture {
  /** `null` until the first head, or that none comes. */
  readonly state: LiveState | null
  /** When the newest head was made, by its recorder's clock; 0 before the first. */
  readonly newestMs: number
  /** How it ended; `null` while it goes on. */
  readonly end: LiveEnd | null
  /** What keeps the newest from coming now; it goes on by itself. */
  readonly trouble: ArchiveError | null
  /** What ended the following, such as other bytes than were signed, or a removal. */
  readonly error: unknown
  /** `null` until something of it came that can be played. */
  readonly playback: LivePlayback | null
  /** The feed that is played, to be asked how far the capture is. */
  readonly feed: LiveFeed | null
}

const NOTHING: FollowedCapture = {
  state: null,
  newestMs: 0,
  end: null,
  trouble: null,
  error: null,
  playback: null,
  feed: null,
}
/** Somebody may close the lid: what waits for a network goes on when it is there again. */
const PATIENCE_MS = 12 * 3_600_000

/**
 * A capture, followed and played while a screen shows it: from its newest on, or from its beginning where it ended.
 * @param halt what says from elsewhere that nothing more of it is to be followed, as a removal; else `null`.
 */
export function useLive(live: LiveCapture, halt: unknown): FollowedCapture & { readonly retry: () => void } {
  const client = useClient()
  const [followed, setFollowed] = useState(NOTHING)
  const [turn, setTurn] = useState(0)
  const running = useRef<AbortController | null>(null)
  const isHalted = halt !== null
  const key = toHex(live.header.assetId)
  useEffect(() => {
    const stopped = new AbortController()
    running.current = stopped
    const { signal } = stopped
    const show = (changes: Partial<FollowedCapture>): void => {
      if (!signal.aborted) setFollowed((before) => ({ ...before, ...changes }))
    }
    const stop = (error: unknown): void => {
      if (signal.aborted || (isArchiveError(error) && error.code === "interrupted")) return
      // What was asked for after it is gone, such as its beginning: that it is over is told by its heads.
      if (isArchiveError(error) && (error.code === "gone" || error.code === "not-found")) return
      show({ error })
      stopped.abort()
    }
    setFollowed(NOTHING)
    const view = new LiveView(client, live, {
      signal,
      patienceMs: PATIENCE_MS,
      onWait: (trouble) => {
        show({ trouble })
      },
      onReached: () => {
        if (!signal.aborted) setFollowed((before) => (before.trouble === null ? before : { ...before, trouble: null }))
      },
    })
    const feed = new LiveFeed(view, (onPoint) => new WebmScan(onPoint))
    let newestMs = 0
    const failures = new Failures()
    failures.listen(stop)
    watchHeads(client, view, {
      signal,
      onHead: (head) => {
        feed.take(head)
        newestMs = head.timeMs
      },
      onState: (state) => {
        show({ state, newestMs })
      },
    }).then((end) => {
      feed.finish()
      show({ end })
    }, stop)
    let playback: LivePlayback | null = null
    signal.addEventListener("abort", () => playback?.close())
    feed.open(signal).then((init) => {
      if (signal.aborted) return
      if (!isPlayable(init)) {
        stop(new ArchiveError("unsupported", `this browser does not play ${init.type} while it is recorded`))
        return
      }
      playback = playLive(feed, init, view.head?.isLast === true ? feed.startPoint() : feed.edgePoint(), failures)
      show({ playback, feed })
    }, stop)
    return () => {
      stopped.abort()
    }
    // A newer log of the same capture has the same asset.
  }, [client, key, turn])
  useEffect(() => {
    if (isHalted) running.current?.abort()
  }, [isHalted])
  const retry = useCallback(() => {
    setTurn((count) => count + 1)
  }, [])
  return { ...followed, retry }
}
