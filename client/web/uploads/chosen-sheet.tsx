import { type ReactElement, useState } from "react"
import type { MeetingId } from "../../../shared/protocol/ids.js"
import { strings } from "../strings.js"
import { Action } from "../ui/button.js"
import { Sheet } from "../ui/dialog.js"
import { Failure } from "../ui/notice.js"
import { useTask } from "../ui/use-task.js"
import { ChosenFile, TitleField } from "./chosen-file.js"
import { type ChosenRecording, groupFiles } from "./chosen-files.js"
import { useUploadManager } from "./uploads-context.js"

interface Draft extends ChosenRecording {
  readonly isIncluded: boolean
}

/** Before anything is sent: what each recording is called, when it was recorded, and which captions belong to it. */
export function ChosenSheet({
  meetingId,
  files,
  onClose,
}: {
  readonly meetingId: MeetingId
  readonly files: readonly File[]
  readonly onClose: () => void
}): ReactElement {
  const manager = useUploadManager()
  const [{ recordings, strays }] = useState(() => groupFiles(files))
  const [drafts, setDrafts] = useState<readonly Draft[]>(() =>
    // What is no media is sent only where somebody chose it alone, or says so.
    recordings.map((recording) => ({ ...recording, isIncluded: recording.isMedia || recordings.length === 1 })),
  )
  const included = drafts.filter(({ isIncluded }) => isIncluded)
  const isReady = included.length > 0 && included.every(({ title }) => title.trim() !== "")
  const task = useTask(async () => {
    await manager.add(
      meetingId,
      included.map((draft) => ({ ...draft, title: draft.title.trim() })),
    )
    onClose()
  })
  return (
    <Sheet title={strings.uploads.sheet(drafts.length)} isOpen onClose={onClose} mustAnswer={task.isBusy}>
      {drafts.length === 0 ? <p>{strings.uploads.none}</p> : <p className="faint">{strings.uploads.sheetLead}</p>}
      {strays.length === 0 || drafts.length === 0 ? null : (
        <p className="faint">{strings.uploads.strays(strays.length)}</p>
      )}
      <ul className="chosen">
        {drafts.map((draft, index) => (
          <ChosenRow
            key={index}
            draft={draft}
            strays={strays}
            isAlone={drafts.length === 1}
            onChange={(changes) => {
              setDrafts(drafts.map((other, at) => (at === index ? { ...other, ...changes } : other)))
            }}
          />
        ))}
      </ul>
      <Failure error={task.error} />
      <div className="actions">
        {drafts.length === 0 ? null : (
          <Action kind="primary" isDisabled={!isReady} isPending={task.isBusy} onPress={task.run}>
            {strings.uploads.start(included.length)}
          </Action>
        )}
        <Action isDisabled={task.isBusy} onPress={onClose}>
          {strings.common.cancel}
        </Action>
      </div>
    </Sheet>
  )
}

function ChosenRow({
  draft,
  strays,
  isAlone,
  onChange,
}: {
  readonly draft: Draft
  readonly strays: readonly File[]
  readonly isAlone: boolean
  readonly onChange: (changes: Partial<Draft>) => void
}): ReactElement {
  const { file, captions, chapters, title, capturedAtMs, isIncluded, isMedia } = draft
  const choices = captions === null || strays.includes(captions) ? strays : [captions, ...strays]
  return (
    <li className="stack">
      <ChosenFile
        name={file.name}
        sizeBytes={file.size}
        includeLabel={strings.uploads.include(file.name)}
        isAlone={isAlone}
        isIncluded={isIncluded}
        onInclude={(changed) => {
          onChange({ isIncluded: changed })
        }}
      />
      {isMedia ? null : <p className="hint">{strings.uploads.notMedia}</p>}
      {isIncluded ? (
        <>
          <TitleField
            title={title}
            onChange={(changed) => {
              onChange({ title: changed })
            }}
          />
          <label className="field">
            <strong>{strings.uploads.capturedAt}</strong>
            <input
              type="datetime-local"
              autoComplete="off"
              value={capturedAtMs === null ? "" : localInput(capturedAtMs)}
              onChange={(event) => {
                const { value } = event.target
                onChange({ capturedAtMs: value === "" ? null : Math.max(0, new Date(value).getTime()) })
              }}
            />
          </label>
          {chapters === null ? null : <p className="hint">{strings.uploads.chapters(chapters.name)}</p>}
          {choices.length === 0 ? null : (
            <label className="field">
              <strong>{strings.uploads.captions}</strong>
              <select
                value={captions === null ? -1 : choices.indexOf(captions)}
                onChange={(event) => {
                  onChange({ captions: choices[Number(event.target.value)] ?? null })
                }}
              >
                <option value={-1}>{strings.uploads.noCaptions}</option>
                {choices.map((choice, index) => (
                  <option key={index} value={index}>
                    {choice.name}
                  </option>
                ))}
              </select>
            </label>
          )}
        </>
      ) : null}
    </li>
  )
}

const MS_PER_MIN = 60_000

/** The local time as such a field has it, to the minute. */
function localInput(timeMs: number): string {
  const offsetMs = new Date(timeMs).getTimezoneOffset() * MS_PER_MIN
  return new Date(timeMs - offsetMs).toISOString().slice(0, "2026-01-01T00:00".length)
}
