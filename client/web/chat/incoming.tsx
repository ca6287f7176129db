import { type ReactElement, useEffect, useRef, useState } from "react"
import { equalBytes } from "../../../shared/protocol/bytes.js"
import type { ChatText } from "../../sdk/chat/fold.js"
import { useClient } from "../signed-in/client-context.js"
import { knownAs } from "../signed-in/naming.js"
import { strings } from "../strings.js"
import type { ChatView } from "./room-chat.js"

/** What comes within this is said aloud together. */
const SAID_TOGETHER_MS = 1_500
const SAID_LETTERS = 300

/** Says aloud what others write while the chat is shown: not what was there, and not what is loaded of long ago. */
export function Incoming({ view }: { readonly view: ChatView }): ReactElement {
  const client = useClient()
  const [said, setSaid] = useState("")
  const told = useRef<number | null>(null)
  const newest = view.lines.findLast((line) => line.kind === "text")?.message.served.seq ?? -1
  const latest = useRef(view)
  latest.current = view
  useEffect(() => {
    if (!view.isRead) return
    if (told.current === null) {
      told.current = newest
      return
    }
    const timer = setTimeout(() => {
      const after = told.current ?? newest
      const self = client.state.current.secrets.genesisHash
      const came = latest.current.lines.filter(
        (line): line is ChatText =>
          line.kind === "text" &&
          line.message.served.seq > after &&
          !equalBytes(line.message.statement.authorGenesisHash, self),
      )
      told.current = Math.max(after, newest)
      const [first] = came
      if (first === undefined) return
      setSaid(
        came.length > 1
          ? strings.chat.cameMore(came.length)
          : strings.chat.came(
              knownAs(client, first.message.statement.authorGenesisHash).name,
              (first.text ?? strings.chat.deleted).slice(0, SAID_LETTERS),
            ),
      )
    }, SAID_TOGETHER_MS)
    return () => {
      clearTimeout(timer)
    }
  }, [client, newest, view.isRead])
  return (
    <p className="visually-hidden" role="status">
      {said}
    </p>
  )
}
