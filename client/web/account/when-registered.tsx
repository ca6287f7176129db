import type { ReactElement, ReactNode } from "react"
import { ForgetDevice } from "../devices/forget-device.js"
import { useClientState } from "../signed-in/client-context.js"
import { strings } from "../strings.js"
import { Busy } from "../ui/busy.js"
import { Page } from "../ui/page.js"

const { notices: texts } = strings.account

/** The screens, once the server knows the account: before, it would answer all that they ask with "no such account". */
export function WhenRegistered({ children }: { readonly children: ReactNode }): ReactNode {
  return useClientState().registered ? children : <Unregistered />
}

function Unregistered(): ReactElement {
  return (
    <Page title={texts.unregistered} lead={texts.unregisteredMeaning}>
      <Busy label={texts.registering} />
      <div className="actions">
        <ForgetDevice label={texts.forget} />
      </div>
    </Page>
  )
}
