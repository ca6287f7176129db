import { type ReactElement, useEffect, useState } from "react"
import { Button } from "react-aria-components"
import { strings } from "../strings.js"
import { formatDuration } from "../ui/format.js"
import { EDGE_LAG_S, type LiveFeed } from "./live-feed.js"

const LOOK_MS = 500
const MS_PER_S = 1_000
/** What a player has in hand, and what is on its way: nearer nobody gets. */
const LIVE_S = 8

/** Whether the newest is shown, or how far behind that one is; a press leads to the newest. */
export function LiveMark({
  feed,
  video,
  isOver,
  isStill,
}: {
  readonly feed: LiveFeed
  readonly video: HTMLVideoElement | null
  /** Whether it ended: then there is nothing that goes on. */
  readonly isOver: boolean
  /** Whether nothing new comes now. */
  readonly isStill: boolean
}): ReactElement {
  const [behindS, setBehindS] = useState(0)
  useEffect(() => {
    if (video === null) return
    const look = (): void => {
      setBehindS(Math.max(0, Math.round(feed.edgeS - video.currentTime)))
    }
    look()
    const timer = setInterval(look, LOOK_MS)
    return () => {
      clearInterval(timer)
    }
  }, [feed, video])
  const texts = strings.live.mark
  if (isOver) return <span className="live-mark live-mark-over">{texts.over}</span>
  const isNewest = behindS <= LIVE_S
  const isLive = isNewest && !isStill
  const behind = formatDuration(behindS * MS_PER_S)
  return (
    <Button
      className={isLive ? "live-mark live-mark-now" : "live-mark"}
      aria-label={isLive ? texts.isLive : isNewest ? texts.newest : texts.isBehind(behind)}
      onPress={() => {
        if (video === null) return
        video.currentTime = Math.max(0, feed.edgeS - EDGE_LAG_S)
        video.play().catch(() => undefined)
      }}
    >
      <span className="live-dot" aria-hidden="true" />
      {isLive ? texts.live : isNewest ? texts.newest : texts.behind(behind)}
    </Button>
  )
}
