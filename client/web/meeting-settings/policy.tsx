import { type ReactElement, useState } from "react"
import { RadioButton, RadioField, RadioGroup } from "react-aria-components"
import type { HistoryPolicy } from "../../../shared/protocol/roster.js"
import { setPolicy } from "../../sdk/epochs.js"
import type { MeetingPartProps } from "../meeting/meeting.js"
import { useClient } from "../signed-in/client-context.js"
import { strings } from "../strings.js"
import { Action } from "../ui/button.js"
import { Failure } from "../ui/notice.js"
import { useTask } from "../ui/use-task.js"

const POLICIES = ["shared", "from-join"] as const satisfies readonly HistoryPolicy[]

/** What newcomers can open: said, and changed by an admin. */
export function Policy({ log, mayAct }: MeetingPartProps & { readonly mayAct: boolean }): ReactElement {
  const client = useClient()
  const { policy } = log.current
  const [wanted, setWanted] = useState<HistoryPolicy>(policy)
  const changing = useTask(async () => {
    await setPolicy(client, log.meetingId, wanted)
  })
  if (!mayAct) return <p>{strings.settings.policies[policy]}</p>
  return (
    <>
      <RadioGroup
        aria-label={strings.settings.newcomers}
        className="choices"
        value={wanted}
        onChange={(value) => {
          setWanted(POLICIES.find((name) => name === value) ?? policy)
        }}
      >
        {POLICIES.map((name) => (
          <RadioField key={name} value={name}>
            <RadioButton className="choice">{strings.settings.policies[name]}</RadioButton>
          </RadioField>
        ))}
      </RadioGroup>
      <p className="faint">{strings.settings.policyLead}</p>
      <Failure error={changing.error} />
      <div className="actions">
        <Action isDisabled={wanted === policy} isPending={changing.isBusy} onPress={changing.run}>
          {strings.common.save}
        </Action>
      </div>
    </>
  )
}
