import type { ReactElement } from "react"
import { strings } from "../strings.js"
import { Action } from "../ui/button.js"
import { Failure } from "../ui/notice.js"
import type { RoomChat } from "./room-chat.js"

/** What ended the reading of a chat: nothing of it is shown. */
export function ChatFailure({ chat, error }: { readonly chat: RoomChat; readonly error: unknown }): ReactElement {
  return (
    <Failure error={error}>
      <Action
        onPress={() => {
          chat.retry()
        }}
      >
        {strings.common.tryAgain}
      </Action>
    </Failure>
  )
}
