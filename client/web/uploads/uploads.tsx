import type { ReactElement } from "react"
import { hrefOf } from "../routes.js"
import { strings } from "../strings.js"
import { Empty } from "../ui/empty.js"
import { Page } from "../ui/page.js"
import { UploadList } from "./upload-list.js"
import { useUploads } from "./uploads-context.js"

/** What this browser sends, to all meetings. */
export function Uploads(): ReactElement {
  const uploads = useUploads()
  return (
    <Page title={strings.app.uploads} lead={strings.uploads.lead}>
      {uploads.length > 0 ? null : (
        <Empty title={strings.uploads.empty}>
          <p>{strings.uploads.emptyLead}</p>
          <div className="actions">
            <a className="action" href={hrefOf({ screen: "meetings" })}>
              {strings.uploads.toMeetings}
            </a>
          </div>
        </Empty>
      )}
      <UploadList />
    </Page>
  )
}
