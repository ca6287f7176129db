import { type ReactElement, useState } from "react"
import { Form } from "react-aria-components"
import { LIMITS } from "../../../shared/protocol/limits.js"
import { setRetention } from "../../sdk/deletion.js"
import type { MeetingPartProps } from "../meeting/meeting.js"
import { useClient } from "../signed-in/client-context.js"
import { strings } from "../strings.js"
import { Action } from "../ui/button.js"
import { Field } from "../ui/field.js"
import { Failure } from "../ui/notice.js"
import { useTask } from "../ui/use-task.js"

/** For how long recordings are kept: said, and changed by an admin. */
export function Retention({ log, mayAct }: MeetingPartProps & { readonly mayAct: boolean }): ReactElement {
  const client = useClient()
  const now = log.standing.retention?.days ?? null
  const [text, setText] = useState(now === null ? "" : String(now))
  const trimmed = text.trim()
  const days = trimmed === "" ? null : /^[1-9][0-9]{0,5}$/.test(trimmed) ? Number(trimmed) : Number.NaN
  const isRight = days === null || days <= LIMITS.retentionDays
  const changing = useTask(async () => {
    await setRetention(client, log.meetingId, days)
  })
  return (
    <>
      <p>{strings.settings.retentionNow(now)}</p>
      {mayAct ? (
        <Form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault()
            if (isRight) changing.run()
          }}
        >
          <Field
            label={strings.settings.retentionDays}
            hint={strings.settings.retentionHint}
            error={isRight ? null : strings.settings.retentionWrong}
            inputMode="numeric"
            value={text}
            onChange={setText}
          />
          <Failure error={changing.error} />
          <div className="actions">
            <Action type="submit" isDisabled={!isRight || days === now} isPending={changing.isBusy}>
              {strings.common.save}
            </Action>
          </div>
        </Form>
      ) : null}
    </>
  )
}
