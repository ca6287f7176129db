import { useEffect, useState } from "react"
import { equalBytes, toHex } from "../../../shared/protocol/bytes.js"
import type { MessageId } from "../../../shared/protocol/ids.js"
import type { ChatView, RoomChat } from "./room-chat.js"

/** On the way to a message that a link leads to. */
export interface Going {
  readonly state: "nowhere" | "reading" | "there" | "missing"
  /** Of its row, once it was read. */
  readonly key: string | null
  readonly error: unknown
  readonly retry: () => void
}

/** Reads back until a message is there. */
export function useGoing(chat: RoomChat, view: ChatView, messageId: MessageId | null): Going {
  const [error, setError] = useState<unknown>(null)
  const key = messageId === null ? null : toHex(messageId)
  const isThere =
    messageId !== null &&
    view.lines.some((line) => line.kind === "text" && equalBytes(line.message.messageId, messageId))
  const isWanting = key !== null && view.isRead && !isThere
  const { hasOlder } = view
  useEffect(() => {
    // What comes changes the view, which asks for more.
    if (isWanting && messageId !== null && hasOlder && error === null) chat.readBackTo(messageId).catch(setError)
  }, [chat, view, isWanting, hasOlder, error, messageId])
  return {
    state: key === null ? "nowhere" : isThere ? "there" : isWanting && !hasOlder ? "missing" : "reading",
    key: isThere ? key : null,
    error: isThere ? null : error,
    retry: () => {
      setError(null)
    },
  }
}
