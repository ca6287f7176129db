import { type ReactElement, useId } from "react"
import { heedNotices, type Notice, unheededNotices } from "../../sdk/notices.js"
import { useClient, useClientState } from "../signed-in/client-context.js"
import { strings } from "../strings.js"
import "../styles/notices.css"
import { Action } from "../ui/button.js"
import { Failure } from "../ui/notice.js"
import { useTask } from "../ui/use-task.js"
import { NoticeSentences } from "./notice-sentences.js"

const texts = strings.notices

/** What the operator tells of requests by authorities, until it is put aside on this device. */
export function OperatorNotices({
  title,
  notices,
}: {
  readonly title: string
  readonly notices: readonly Notice[]
}): ReactElement | null {
  const client = useClient()
  useClientState()
  const heading = useId()
  const shown = unheededNotices(client, notices)
  const heed = useTask(async () => {
    await heedNotices(client, shown)
  })
  if (shown.length === 0) return null
  return (
    <section className="notice notice-warning operator-notice" aria-labelledby={heading}>
      <strong id={heading}>{title}</strong>
      {shown.map((notice) => (
        <NoticeSentences key={notice.case.join()} notice={notice} />
      ))}
      <p className="hint">{texts.meaning}</p>
      <Failure error={heed.error} />
      <div className="actions">
        <Action isPending={heed.isBusy} onPress={heed.run}>
          {texts.aside}
        </Action>
      </div>
    </section>
  )
}
