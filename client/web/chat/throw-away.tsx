import { type ReactElement, useState } from "react"
import type { UnsentMessage } from "../../sdk/chat/send.js"
import { strings } from "../strings.js"
import { Action } from "../ui/button.js"
import { Confirm } from "../ui/confirm.js"
import { beginningOf } from "./beginning.js"
import { MessageText } from "./message-row.js"
import type { RoomChat } from "./room-chat.js"

const texts = strings.chat

/** For what the server refuses for good, and what keeps everything behind it. */
export function ThrowAway({
  chat,
  message,
  count,
}: {
  readonly chat: RoomChat
  /** The first that waits. */
  readonly message: UnsentMessage
  /** So many wait. */
  readonly count: number
}): ReactElement {
  const [isAsked, setAsked] = useState(false)
  const { content, messageId } = message
  return (
    <>
      <Action
        onPress={() => {
          setAsked(true)
        }}
      >
        {texts.discard(count)}
      </Action>
      <Confirm
        title={texts.discardTitle}
        action={texts.discardAction}
        isOpen={isAsked}
        onClose={() => {
          setAsked(false)
        }}
        onConfirm={async () => {
          await chat.discard(messageId)
        }}
      >
        {content.type === "text" ? (
          <div className="chat-thrown">
            <MessageText text={beginningOf(content.text)} tabIndex={0} />
          </div>
        ) : (
          <p>{texts.discarded[content.type]}</p>
        )}
        <p>{texts.discardMeaning}</p>
      </Confirm>
    </>
  )
}
