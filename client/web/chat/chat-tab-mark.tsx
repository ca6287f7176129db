import type { ReactElement } from "react"
import type { MeetingLog } from "../../crypto/meeting-log.js"
import { chatStateOf } from "../../sdk/chat/chat-state.js"
import { useClientState } from "../signed-in/client-context.js"
import { useMeeting } from "../signed-in/use-meeting.js"
import { strings } from "../strings.js"
import { formatCount } from "../ui/format.js"
import type { RoomChat } from "./room-chat.js"
import { useChatView } from "./use-chat.js"

const texts = strings.chat

/** How much is new in the chat, or that it can't be trusted, on the way there. */
export function ChatTabMark({ log }: { readonly log: MeetingLog }): ReactElement | null {
  const { chat } = useMeeting()
  return chat === null ? null : <ShownMark log={log} chat={chat} />
}

function ShownMark({ log, chat }: { readonly log: MeetingLog; readonly chat: RoomChat }): ReactElement | null {
  const { error } = useChatView(chat)
  const { messages, mentions, isMore } = chatStateOf(useClientState(), log.meetingHash).unread
  if (error !== null)
    return (
      <span className="tab-mark tab-mark-bad">
        <span aria-hidden="true">!</span>
        <span className="visually-hidden">{texts.tabTrouble}</span>
      </span>
    )
  if (messages + mentions === 0) return null
  return (
    <span className="tab-mark">
      <span aria-hidden="true">{messages === 0 ? "@" : texts.atLeast(formatCount(messages), isMore)}</span>
      <span className="visually-hidden">{messages === 0 ? texts.tabMentioned : texts.tabUnread(messages, isMore)}</span>
    </span>
  )
}
