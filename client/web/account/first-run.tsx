import type { ReactElement } from "react"
import type { Client } from "../../sdk/client.js"
import { strings } from "../strings.js"
import { Page } from "../ui/page.js"

/** What somebody without an account on this device sees. */
export function FirstRun(_given: { readonly onReady: (client: Client) => void }): ReactElement {
  return <Page title={strings.app.name}>{null}</Page>
}
