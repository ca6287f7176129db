import { type ReactElement, useEffect } from "react"
import { toHex } from "../../../shared/protocol/bytes.js"
import { isArchiveError } from "../../../shared/protocol/errors.js"
import type { Client } from "../../sdk/client.js"
import { listInvitations } from "../../sdk/invitations.js"
import { adoptKeyring } from "../../sdk/keyring.js"
import { watchAccount } from "../../sdk/live-account.js"
import { AccountRequests } from "../notices/account-requests.js"
import { useClient, useClientState } from "../signed-in/client-context.js"
import { lookForNews } from "./look-for-news.js"
import { NewsNotices } from "./news-notices.js"
import { newsView, updateNews } from "./news-store.js"
import { sendWaiting } from "./send-waiting.js"

/** What comes while somebody is signed in: heard of by the account's socket, looked for in the meetings, and shown. */
export function News(): ReactElement | null {
  const client = useClient()
  const { registered } = useClientState()
  useEffect(() => {
    if (!registered) return
    const stopped = new AbortController()
    followInbox(client, stopped.signal)
    void lookForNews(client, stopped.signal)
    void sendWaiting(client, stopped.signal)
    return () => {
      stopped.abort()
    }
  }, [client, registered])
  if (!registered) return null
  return (
    <>
      <AccountRequests />
      <NewsNotices />
    </>
  )
}

function followInbox(client: Client, signal: AbortSignal): void {
  const onNudge = async (): Promise<boolean> => {
    const before = client.state.current.keyring.count
    await adoptKeyring(client)
    const invitations = await listInvitations(client)
    const isNew = keyOf(invitations) !== keyOf(newsView().invitations ?? [])
    if (!signal.aborted) updateNews({ invitations, error: null })
    return isNew || client.state.current.keyring.count !== before
  }
  const onTrouble = (error: unknown): void => {
    if (newsView().invitations === null) updateNews({ error })
  }
  watchAccount(client, { signal, onNudge, onTrouble }).catch((error: unknown) => {
    if (!signal.aborted && isArchiveError(error)) updateNews({ error })
  })
}

function keyOf(invitations: Awaited<ReturnType<typeof listInvitations>>): string {
  return invitations.map(({ sealedHash }) => toHex(sealedHash)).join()
}
