import { useSyncExternalStore } from "react"
import type { ChatView, RoomChat } from "./room-chat.js"

export function useChatView(chat: RoomChat): ChatView {
  return useSyncExternalStore(chat.subscribe, () => chat.view)
}
