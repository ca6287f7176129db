import { type ReactElement, useState } from "react"
import { forgetDevice } from "../platform/sign-out.js"
import { strings } from "../strings.js"
import { Action } from "../ui/button.js"
import { Confirm } from "../ui/confirm.js"
import { Notice } from "../ui/notice.js"

const { leave: texts } = strings.devices

/** Signs out: nothing of the account stays in this browser, whose tabs of the app load anew. */
export function ForgetDevice({ label }: { readonly label: string }): ReactElement {
  const [asks, setAsks] = useState(false)
  return (
    <>
      <Action
        kind="danger"
        onPress={() => {
          setAsks(true)
        }}
      >
        {label}
      </Action>
      <Confirm
        title={texts.forgetTitle}
        action={texts.forgetAction}
        isOpen={asks}
        onClose={() => {
          setAsks(false)
        }}
        onConfirm={forgetDevice}
      >
        <p>{texts.forgetWhat}</p>
        <Notice kind="warning">{texts.forgetLast}</Notice>
        <p>{texts.forgetRemove}</p>
      </Confirm>
    </>
  )
}
