import { type ReactElement, Suspense, useMemo, useState } from "react"
import type { MeetingId } from "../../../shared/protocol/ids.js"
import { guessPlatform, MOST_FILES } from "../../sdk/imports/plan.js"
import { folderOf } from "../imports/given-folder.js"
import { lazily } from "../lazily.js"
import { strings } from "../strings.js"
import { Action } from "../ui/button.js"
import { Sheet } from "../ui/dialog.js"
import { formatCount } from "../ui/format.js"
import { ChosenSheet } from "./chosen-sheet.js"
import type { GivenFile } from "./dropped-files.js"

const ImportSheet = lazily(async () => (await import("../imports/import-sheet.js")).ImportSheet)

/** Before anything is sent of files or a folder: a folder that another platform made is offered as an import. */
export function GivenSheet({
  meetingId,
  given,
  onClose,
}: {
  readonly meetingId: MeetingId
  readonly given: readonly GivenFile[]
  readonly onClose: () => void
}): ReactElement {
  const isTooMany = given.length > MOST_FILES
  const folder = useMemo(() => (isTooMany ? null : folderOf(given)), [given, isTooMany])
  const platform = folder === null ? null : guessPlatform(folder.name, folder.files)
  const [isPlain, setPlain] = useState(false)
  if (isTooMany)
    return (
      <Sheet title={strings.uploads.tooManyTitle} isOpen onClose={onClose}>
        <p role="alert">{strings.uploads.tooMany(formatCount(MOST_FILES))}</p>
        <div className="actions">
          <Action kind="primary" onPress={onClose}>
            {strings.common.close}
          </Action>
        </div>
      </Sheet>
    )
  if (folder === null || platform === null || isPlain)
    return <ChosenSheet meetingId={meetingId} files={given.map(({ file }) => file)} onClose={onClose} />
  return (
    <Suspense fallback={null}>
      <ImportSheet
        meetingId={meetingId}
        folder={folder}
        guessed={platform}
        onPlain={() => {
          setPlain(true)
        }}
        onClose={onClose}
      />
    </Suspense>
  )
}
