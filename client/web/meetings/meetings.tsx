import type { ReactElement } from "react"
import { strings } from "../strings.js"
import { Page } from "../ui/page.js"

/** All meetings of this account. */
export function Meetings(): ReactElement {
  return <Page title={strings.app.meetings}>{null}</Page>
}
