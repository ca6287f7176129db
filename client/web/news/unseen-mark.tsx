import type { ReactElement } from "react"
import type { ChatState, Unseen } from "../../sdk/state.js"
import { strings } from "../strings.js"

/** That a meeting has something new since this device's person last looked, and what; nothing where it hasn't. */
export function UnseenMark({
  unseen,
  unread,
}: {
  readonly unseen: Unseen
  readonly unread: ChatState["unread"]
}): ReactElement | null {
  const what = strings.news.unseen({ ...unseen, ...unread })
  if (what === "") return null
  return (
    <span className="unseen">
      <span className="unseen-dot" aria-hidden="true" />
      {what}
    </span>
  )
}
