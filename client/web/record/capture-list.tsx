import { type ReactElement, useState } from "react"
import { ProgressBar } from "react-aria-components"
import { equalBytes } from "../../../shared/protocol/bytes.js"
import { isArchiveError } from "../../../shared/protocol/errors.js"
import type { MeetingId } from "../../../shared/protocol/ids.js"
import { isTakenOut } from "../meeting/no-member.js"
import { hrefOf } from "../routes.js"
import { strings } from "../strings.js"
import "../styles/record.css"
import { Action } from "../ui/button.js"
import { Confirm } from "../ui/confirm.js"
import { formatTimeLeft } from "../ui/format.js"
import { Failure, Notice } from "../ui/notice.js"
import { useTask } from "../ui/use-task.js"
import { stageLabel, stageShare, stageText } from "./capture-text.js"
import type { CaptureView } from "./capture-view.js"
import { useRecordingManager, useRecordings } from "./recordings-context.js"

const texts = strings.record.captures

/** What was recorded in this browser and isn't published, or was just now; nothing where there is none. @param meetingId to leave out the others. */
export function CaptureList({ meetingId = null }: { readonly meetingId?: MeetingId | null }): ReactElement | null {
  const { captures } = useRecordings()
  const shown = captures.filter((capture) => meetingId === null || equalBytes(capture.meetingId, meetingId))
  if (shown.length === 0) return null
  return (
    <section aria-label={texts.list}>
      <ul className="rows">
        {shown.map((capture) => (
          <CaptureRow key={capture.id} capture={capture} />
        ))}
      </ul>
      <p className="visually-hidden" role="status">
        {shown.map(({ title, state }) => texts.of(stageLabel(state), title)).join(". ")}
      </p>
    </section>
  )
}

function CaptureRow({ capture }: { readonly capture: CaptureView }): ReactElement {
  const { title, state, keptMs } = capture
  const isLeft = state.kind === "left"
  return (
    <li className="capture">
      <div className="capture-head">
        <p>
          <strong>{isLeft ? texts.left(title) : title}</strong>
          <span className="faint">
            {!isLeft ? stageText(state) : keptMs === 0 ? texts.leftEmpty : texts.leftLead(formatTimeLeft(keptMs))}
          </span>
        </p>
        <CaptureActions capture={capture} />
      </div>
      <CaptureBar capture={capture} />
      {state.kind !== "failed" ? null : isTakenOut(state.error) ? (
        <Notice kind="warning">{texts.takenOut}</Notice>
      ) : (
        <Failure error={state.error}>
          <p>{texts.failedLead}</p>
        </Failure>
      )}
    </li>
  )
}

function CaptureBar({ capture: { title, state } }: { readonly capture: CaptureView }): ReactElement | null {
  const share = stageShare(state)
  if (share === null) return null
  return (
    <>
      <ProgressBar aria-label={texts.progress(title)} value={share} maxValue={1} className="meter">
        <div style={{ width: `${(share * 100).toFixed(1)}%` }} />
      </ProgressBar>
      <p className="hint">{texts.safeHere}</p>
    </>
  )
}

function CaptureActions({ capture }: { readonly capture: CaptureView }): ReactElement {
  const { id, meetingId, title, state, keptMs } = capture
  const manager = useRecordingManager()
  const [isDiscarding, setDiscarding] = useState(false)
  const notRenewed = state.kind === "failed" && isArchiveError(state.error) && state.error.code === "not-renewed"
  const finishing = useTask(async () => {
    await manager.finish(id, notRenewed)
  })
  const saving = useTask(async () => {
    await manager.save(id)
  })
  const canFinish = (state.kind === "left" && keptMs > 0) || state.kind === "failed"
  const action = state.kind === "left" ? texts.finish : notRenewed ? texts.publishAnyway : strings.common.tryAgain
  const named = (name: string): string => texts.of(name, title)
  return (
    <div className="actions">
      {canFinish ? (
        <Action
          kind={state.kind === "left" ? "primary" : "quiet"}
          aria-label={named(action)}
          isPending={finishing.isBusy}
          onPress={finishing.run}
        >
          {action}
        </Action>
      ) : null}
      {state.kind === "failed" ? (
        <Action kind="quiet" aria-label={named(texts.save)} isPending={saving.isBusy} onPress={saving.run}>
          {texts.save}
        </Action>
      ) : null}
      {state.kind === "done" ? (
        <>
          <a
            className="action action-quiet"
            aria-label={named(texts.watch)}
            href={hrefOf({ screen: "recording", meetingId, recordingId: state.recordingId, startMs: null })}
          >
            {texts.watch}
          </a>
          <Action
            kind="quiet"
            aria-label={named(texts.dismiss)}
            onPress={() => {
              manager.dismiss(id)
            }}
          >
            {texts.dismiss}
          </Action>
        </>
      ) : (
        <Action
          kind="quiet"
          aria-label={named(texts.discard)}
          isDisabled={state.kind === "discarding"}
          onPress={() => {
            setDiscarding(true)
          }}
        >
          {texts.discard}
        </Action>
      )}
      <Failure error={finishing.error ?? saving.error} />
      <Confirm
        title={texts.discardTitle(title)}
        action={texts.discardAction}
        isOpen={isDiscarding && state.kind !== "done"}
        onClose={() => {
          setDiscarding(false)
        }}
        onConfirm={async () => {
          await manager.discard(id)
        }}
      >
        <p>{texts.discardMeaning}</p>
      </Confirm>
    </div>
  )
}
