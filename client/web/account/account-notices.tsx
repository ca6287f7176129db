import { type ReactElement, type ReactNode, useEffect, useState } from "react"
import { isArchiveError } from "../../../shared/protocol/errors.js"
import { ForgetDevice } from "../devices/forget-device.js"
import { hrefOf, useRoute } from "../routes.js"
import { useClient, useClientState } from "../signed-in/client-context.js"
import { strings } from "../strings.js"
import { Failure, Notice } from "../ui/notice.js"
import { catchUp, endOf } from "./catch-up.js"
import "../styles/account.css"

const { notices: texts } = strings.account

/** Whoever has no network now has one later. */
const AGAIN_MS = 20_000

/** What somebody must know of their account, until it is no more so. */
export function AccountNotices(): ReactElement | null {
  const { registered, phraseConfirmed } = useClientState()
  const error = useCatchUp()
  const shown = noticeOf(error)
  // Where everybody comes by each day, and not above what they do then.
  const isHome = useRoute().screen === "meetings"
  const asksForWords = registered && endOf(error) === null && !phraseConfirmed && isHome
  if (shown === null && !asksForWords) return null
  return (
    <aside className="above account-notices" aria-label={texts.label}>
      {shown}
      {asksForWords ? (
        <Notice kind="warning" title={texts.unconfirmed}>
          <p>{texts.unconfirmedTodo}</p>
          <a href={hrefOf({ screen: "devices" })}>{texts.toWords}</a>
        </Notice>
      ) : null}
    </aside>
  )
}

/** Catches up, again and again while the server can't be reached. @returns what it last failed with. */
function useCatchUp(): unknown {
  const client = useClient()
  const [error, setError] = useState<unknown>(null)
  const [turn, setTurn] = useState(0)
  useEffect(() => {
    let isShown = true
    let timer: ReturnType<typeof setTimeout> | undefined
    catchUp(client).then(
      () => {
        if (isShown) setError(null)
      },
      (reason: unknown) => {
        if (!isShown) return
        setError(reason)
        if (isArchiveError(reason) && reason.retryable)
          timer = setTimeout(() => {
            setTurn((count) => count + 1)
          }, AGAIN_MS)
      },
    )
    return () => {
      isShown = false
      clearTimeout(timer)
    }
  }, [client, turn])
  return error
}

function noticeOf(error: unknown): ReactNode {
  const end = endOf(error)
  if (end === "removed")
    return (
      <Notice kind="bad" title={texts.removed}>
        <p>{texts.removedMeaning}</p>
        <p>{texts.removedTodo}</p>
        <ForgetDevice label={texts.forget} />
      </Notice>
    )
  if (end === "closed")
    return (
      <Notice kind="bad" title={texts.closed}>
        <p>{texts.closedMeaning}</p>
        <ForgetDevice label={texts.forget} />
      </Notice>
    )
  // Each screen says itself that it can't reach the server.
  if (error === null || (isArchiveError(error) && error.retryable)) return null
  return <Failure error={error} />
}
