import { useEffect, useMemo, useState } from "react"
import type { RoomChat } from "../chat/room-chat.js"
import { useChatView } from "../chat/use-chat.js"
import { useTask } from "../ui/use-task.js"
import { reachesBack } from "./timeline-items.js"

/** What was written shortly before belongs to it, too. */
const BEFORE_MS = 60 * 60_000
/** Of a chat that has gone on for long nobody reads all of it back unasked. */
const PAGES = 25

/** Reads a chat back to before a moment, so far as nobody has to wait long for it. */
export function useChatAround(
  chat: RoomChat,
  startMs: number,
): { readonly isBusy: boolean; readonly hasMore: boolean; readonly error: unknown; readonly more: () => void } {
  const { lines, hasOlder, isRead } = useChatView(chat)
  const [pages, setPages] = useState(0)
  const isBack = useMemo(() => reachesBack(lines, startMs - BEFORE_MS), [lines, startMs])
  const reading = useTask(async () => {
    await chat.readOlder()
    setPages((count) => count + 1)
  })
  const isWanted = isRead && hasOlder && !isBack
  const isNext = isWanted && pages < PAGES && !reading.isBusy && reading.error === null
  useEffect(() => {
    if (isNext) reading.run()
  }, [isNext])
  useEffect(
    () => () => {
      chat.letGo()
    },
    [chat],
  )
  return {
    isBusy: reading.isBusy,
    hasMore: isWanted,
    error: reading.error,
    more: () => {
      setPages(0)
      reading.run()
    },
  }
}
