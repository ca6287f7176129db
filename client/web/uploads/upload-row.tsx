import { type ReactElement, useRef, useState } from "react"
import { ProgressBar } from "react-aria-components"
import { isArchiveError } from "../../../shared/protocol/errors.js"
import { hrefOf } from "../routes.js"
import { strings } from "../strings.js"
import { Action } from "../ui/button.js"
import { ChooseFiles } from "../ui/choose-files.js"
import { Confirm } from "../ui/confirm.js"
import { formatBytes } from "../ui/format.js"
import { Failure, Notice } from "../ui/notice.js"
import { useTask } from "../ui/use-task.js"
import { groupFiles } from "./chosen-files.js"
import { wantsFile } from "./upload-job.js"
import { shareDone, stateText } from "./upload-text.js"
import { isUnderWay, type UploadView } from "./upload-view.js"
import { useUploadManager } from "./uploads-context.js"

const { uploads } = strings

/** One upload: how far it is, and what can be done with it. @param meetingTitle where it goes, if that is not seen around it. */
export function UploadRow({
  upload,
  meetingTitle,
}: {
  readonly upload: UploadView
  readonly meetingTitle: string | null
}): ReactElement {
  const { title, file, state, beganAnew, meetingId } = upload
  return (
    <li className="upload">
      <div className="upload-head">
        <p>
          <strong>{title}</strong>
          <span className="faint">
            {file === null ? uploads.recovered : `${file.name}, ${formatBytes(file.sizeBytes)}`}
            {meetingTitle === null ? null : (
              <>
                {" · "}
                <a href={hrefOf({ screen: "meeting", meetingId, tab: "recordings" })}>
                  {uploads.inMeeting(meetingTitle)}
                </a>
              </>
            )}
          </span>
        </p>
        <UploadActions upload={upload} />
      </div>
      <UploadBar upload={upload} />
      {state.kind === "failed" ? <Failure error={state.error} /> : <p className="upload-state">{stateText(state)}</p>}
      {state.kind === "needs-file" ? <p className="hint">{uploads.needsFile(file?.name ?? title)}</p> : null}
      {state.kind === "preparing" ? <p className="hint">{uploads.preparingLead}</p> : null}
      {beganAnew ? <Notice kind="warning">{uploads.beganAnew}</Notice> : null}
    </li>
  )
}

function UploadBar({ upload: { title, state } }: { readonly upload: UploadView }): ReactElement | null {
  if (state.kind !== "recovering" && state.kind !== "preparing" && state.kind !== "sending") return null
  const share = shareDone(state)
  const label = uploads.progress(title)
  if (share === null)
    return (
      <ProgressBar isIndeterminate aria-label={label} className="meter">
        <div className="upload-unknown" />
      </ProgressBar>
    )
  return (
    <ProgressBar aria-label={label} value={share} maxValue={1} className="meter">
      <div style={{ width: `${(share * 100).toFixed(1)}%` }} />
    </ProgressBar>
  )
}

function UploadActions({ upload }: { readonly upload: UploadView }): ReactElement {
  const { id, title, state, meetingId } = upload
  const manager = useUploadManager()
  const [isCancelling, setCancelling] = useState(false)
  const pause = useTask(async () => {
    await manager.pause(id)
  })
  const resume = useTask(async () => {
    await manager.resume(id)
  })
  const sendAnyway = useTask(async () => {
    await manager.resume(id, true)
  })
  const chosenAgain = useRef<readonly File[]>([])
  const give = useTask(async () => {
    const [chosen] = groupFiles(chosenAgain.current).recordings
    if (chosen !== undefined)
      await manager.giveFile(id, { media: chosen.file, captions: chosen.captions, chapters: chosen.chapters })
  })
  const named = (action: string): string => uploads.of(action, title)
  const notRenewed = state.kind === "failed" && isArchiveError(state.error) && state.error.code === "not-renewed"
  return (
    <div className="actions">
      {isUnderWay(upload) ? (
        <Action kind="quiet" aria-label={named(uploads.pause)} isPending={pause.isBusy} onPress={pause.run}>
          {uploads.pause}
        </Action>
      ) : null}
      {state.kind === "paused" || (state.kind === "failed" && !wantsFile(upload) && !notRenewed) ? (
        <Action
          kind="quiet"
          aria-label={named(state.kind === "paused" ? uploads.resume : strings.common.tryAgain)}
          isPending={resume.isBusy}
          onPress={resume.run}
        >
          {state.kind === "paused" ? uploads.resume : strings.common.tryAgain}
        </Action>
      ) : null}
      {notRenewed ? (
        <Action
          kind="quiet"
          aria-label={named(uploads.sendAnyway)}
          isPending={sendAnyway.isBusy}
          onPress={sendAnyway.run}
        >
          {uploads.sendAnyway}
        </Action>
      ) : null}
      {wantsFile(upload) ? (
        <ChooseFiles
          onChoose={(files) => {
            chosenAgain.current = files
            give.run()
          }}
        >
          <Action kind="quiet" aria-label={named(uploads.chooseAgain)} isPending={give.isBusy}>
            {uploads.chooseAgain}
          </Action>
        </ChooseFiles>
      ) : null}
      {state.kind === "done" ? (
        <>
          <a
            className="action action-quiet"
            aria-label={named(uploads.watch)}
            href={hrefOf({ screen: "recording", meetingId, recordingId: state.recordingId, startMs: null })}
          >
            {uploads.watch}
          </a>
          <Action
            kind="quiet"
            aria-label={named(uploads.dismiss)}
            onPress={() => {
              manager.dismiss(id)
            }}
          >
            {uploads.dismiss}
          </Action>
        </>
      ) : (
        <Action
          kind="quiet"
          aria-label={named(uploads.cancel)}
          onPress={() => {
            setCancelling(true)
          }}
        >
          {uploads.cancel}
        </Action>
      )}
      <Failure error={pause.error ?? resume.error ?? sendAnyway.error ?? give.error} />
      <Confirm
        title={uploads.cancelTitle}
        action={uploads.cancelAction}
        dismissal={uploads.cancelNot}
        isOpen={isCancelling && state.kind !== "done"}
        onClose={() => {
          setCancelling(false)
        }}
        onConfirm={async () => {
          await manager.cancel(id)
        }}
      >
        <p>{upload.file === null ? uploads.cancelRecovery(title) : uploads.cancelText(title)}</p>
      </Confirm>
    </div>
  )
}
