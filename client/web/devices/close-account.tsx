import { type ReactElement, useState } from "react"
import { closeAccount, planClosing } from "../../sdk/closing.js"
import { forgetDevice } from "../platform/sign-out.js"
import { useClient } from "../signed-in/client-context.js"
import { strings } from "../strings.js"
import { Busy } from "../ui/busy.js"
import { Action } from "../ui/button.js"
import { Confirm } from "../ui/confirm.js"
import { Failure } from "../ui/notice.js"
import { Page } from "../ui/page.js"
import { useLoaded } from "../ui/use-loaded.js"
import { useTask } from "../ui/use-task.js"
import { ShowClosingPlan } from "./show-closing-plan.js"

const { leave: texts } = strings.devices

/** The account's end: what it does to each meeting, then the question, then what is left. */
export function CloseAccount({ onBack }: { readonly onBack: () => void }): ReactElement {
  const client = useClient()
  const [asks, setAsks] = useState(false)
  const [isClosed, setClosed] = useState(false)
  const plan = useLoaded(async () => await planClosing(client), [client])
  if (isClosed) return <Closed />
  return (
    <Page key="plan" title={texts.closeTitle} lead={texts.closePageLead}>
      {plan.state === "loading" ? <Busy label={texts.planning} /> : null}
      <Failure error={plan.error}>
        <Action onPress={plan.reload}>{strings.common.tryAgain}</Action>
      </Failure>
      {plan.value === null ? null : <ShowClosingPlan plan={plan.value} />}
      <div className="actions">
        {plan.value?.blockedBy.length === 0 ? (
          <Action
            kind="danger"
            onPress={() => {
              setAsks(true)
            }}
          >
            {texts.closeAction}
          </Action>
        ) : null}
        <Action onPress={onBack}>{strings.account.back}</Action>
      </div>
      <Confirm
        title={texts.closeAsk}
        action={texts.closeAction}
        isOpen={asks}
        onClose={() => {
          setAsks(false)
        }}
        onConfirm={async () => {
          if (plan.value === null) return
          await closeAccount(client, plan.value)
          setClosed(true)
        }}
      >
        <p>{texts.devices}</p>
        <p>{texts.chain}</p>
      </Confirm>
    </Page>
  )
}

function Closed(): ReactElement {
  const forget = useTask(forgetDevice)
  return (
    <Page key="closed" title={texts.closedTitle} lead={texts.closedLead}>
      <Failure error={forget.error} />
      <div className="actions">
        <Action kind="primary" isPending={forget.isBusy} onPress={forget.run}>
          {texts.forgetAction}
        </Action>
      </div>
    </Page>
  )
}
