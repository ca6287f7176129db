import type { ReactElement } from "react"
import { equalBytes } from "../../../shared/protocol/bytes.js"
import { idOfHash, type MeetingId } from "../../../shared/protocol/ids.js"
import { useClientState } from "../signed-in/client-context.js"
import "../styles/uploads.css"
import { strings } from "../strings.js"
import { stateLabel } from "./upload-text.js"
import { UploadRow } from "./upload-row.js"
import { useUploads } from "./uploads-context.js"

/** Uploads of this browser, to one meeting or to all; nothing where there is none. */
export function UploadList({ meetingId = null }: { readonly meetingId?: MeetingId | null }): ReactElement | null {
  const uploads = useUploads()
  const { meetings } = useClientState()
  const shown = uploads.filter((upload) => meetingId === null || equalBytes(upload.meetingId, meetingId))
  const titleOf = (id: MeetingId): string | null =>
    meetings.find(({ meetingHash }) => equalBytes(idOfHash("meeting", meetingHash), id))?.seen?.title ?? null
  return (
    <section aria-label={strings.uploads.list} hidden={shown.length === 0}>
      <ul className="rows">
        {shown.map((upload) => (
          <UploadRow
            key={upload.id}
            upload={upload}
            meetingTitle={meetingId === null ? titleOf(upload.meetingId) : null}
          />
        ))}
      </ul>
      <p className="visually-hidden" role="status">
        {shown.map(({ title, state }) => strings.uploads.of(title, stateLabel(state))).join(". ")}
      </p>
    </section>
  )
}
