import type { ReactElement } from "react"
import { Button } from "react-aria-components"
import type { SentFile } from "../../../shared/protocol/message-content.js"
import { readSentFile } from "../../sdk/chat/files.js"
import { sanitiseFileName } from "../../sdk/saved-name.js"
import { useClient } from "../signed-in/client-context.js"
import { useMeeting } from "../signed-in/use-meeting.js"
import { strings } from "../strings.js"
import { formatBytes } from "../ui/format.js"
import { SaveProgress, useSaveOf } from "../watch/save.js"
import type { MeetingLog } from "../../crypto/meeting-log.js"

/** The files of a message: fetched, verified and opened when somebody saves one, and not before. */
export function MessageFiles({
  files,
  isActive,
}: {
  readonly files: readonly SentFile[]
  readonly isActive: boolean
}): ReactElement | null {
  const { log } = useMeeting()
  if (files.length === 0 || log === null) return null
  return (
    <ul className="message-files">
      {files.map((file) => (
        <li key={file.rawHeader.join()}>
          <MessageFile file={file} log={log} isActive={isActive} />
        </li>
      ))}
    </ul>
  )
}

function MessageFile({
  file,
  log,
  isActive,
}: {
  readonly file: SentFile
  readonly log: MeetingLog
  readonly isActive: boolean
}): ReactElement {
  const client = useClient()
  // Another member named it: shown as it will be saved, so that no sign in it turns its ending round.
  const name = sanitiseFileName(file.fileName)
  const save = useSaveOf({ name, open: (options) => readSentFile(client, log, file, options) })
  return (
    <>
      <Button
        className="message-file"
        excludeFromTabOrder={!isActive}
        aria-label={strings.chat.files.save(name, formatBytes(file.trueBytes))}
        onPress={save.begin}
      >
        <svg className="mark-icon" aria-hidden="true" viewBox="0 0 16 16">
          <path d="M4 1.5h5.5L13 5v9.5H4zM9 1.5V5h4" />
        </svg>
        <bdi>{name}</bdi> <span className="faint">{formatBytes(file.trueBytes)}</span>
      </Button>
      <SaveProgress save={save} sizeBytes={file.trueBytes} />
    </>
  )
}
