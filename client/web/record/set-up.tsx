import { type ReactElement, useEffect, useRef, useState, useSyncExternalStore } from "react"
import { Form } from "react-aria-components"
import { utf8 } from "../../../shared/protocol/bytes.js"
import { isArchiveError } from "../../../shared/protocol/errors.js"
import { LIMITS } from "../../../shared/protocol/limits.js"
import type { MeetingLog } from "../../crypto/meeting-log.js"
import { strings } from "../strings.js"
import { Action } from "../ui/button.js"
import { Field } from "../ui/field.js"
import { formatMoment } from "../ui/format.js"
import { Failure, Notice } from "../ui/notice.js"
import { useTask } from "../ui/use-task.js"
import { AskedMembers } from "./asked-members.js"
import { recordedType } from "./media-type.js"
import { useRecordingManager } from "./recordings-context.js"
import { SourceRow } from "./source-row.js"
import { Sources } from "./sources.js"
import { StreamView } from "./stream-view.js"

const texts = strings.record
/** Room for what is put behind the title of a later part. */
const PART_BYTES = 32

/** Before anything is recorded: what is, what it is called, and who is asked. */
export function SetUp({ log }: { readonly log: MeetingLog }): ReactElement {
  const manager = useRecordingManager()
  const sources = useSources()
  const view = useSyncExternalStore(sources.subscribe, () => sources.view)
  const [title, setTitle] = useState(() => texts.defaultName(log.current.title, formatMoment(Date.now())))
  const [isElsewhere, setElsewhere] = useState(false)
  const picture = view.screen ?? view.camera
  const hasSound = view.microphone !== null || view.hasScreenSound
  const isAny = picture !== null || hasSound
  const mediaType = supportedType({ picture: picture !== null, sound: hasSound })
  const titleError =
    title.trim() === ""
      ? texts.nameMissing
      : utf8(title.trim()).length > LIMITS.titleBytes - PART_BYTES
        ? texts.nameLong
        : null
  const acceptsNotRenewed = useRef(false)
  const starting = useTask(async () => {
    if (mediaType === null) return
    const isBegun = await manager.start({
      meetingId: log.meetingId,
      title: title.trim(),
      mediaType,
      sources,
      acceptsNotRenewed: acceptsNotRenewed.current,
    })
    setElsewhere(!isBegun)
  })
  if (supportedType({ picture: false, sound: true }) === null)
    return (
      <Notice kind="warning" title={texts.unsupported.what}>
        <p>{texts.unsupported.lead}</p>
        <p>{texts.unsupported.todo}</p>
      </Notice>
    )
  const notRenewed = isArchiveError(starting.error) && starting.error.code === "not-renewed"
  return (
    <Form
      className="recorder"
      onSubmit={(event) => {
        event.preventDefault()
        if (isAny && titleError === null) starting.run()
      }}
    >
      <div className="recorder-picture">
        {picture === null ? (
          <div className="recorder-empty">
            <strong>{hasSound ? texts.soundAlone : texts.nothing}</strong>
            {hasSound ? null : <p>{texts.nothingLead}</p>}
          </div>
        ) : (
          <StreamView stream={picture} label={texts.preview} isMirrored={view.screen === null} />
        )}
      </div>
      <div className="stack">
        <section className="stack" aria-labelledby="what-is-recorded">
          <h2 id="what-is-recorded">{texts.what}</h2>
          <ul className="rows">
            {(["screen", "camera", "microphone"] as const).map((kind) => (
              <SourceRow key={kind} kind={kind} sources={sources} view={view} isDisabled={starting.isBusy} />
            ))}
          </ul>
          {view.screen !== null && view.camera !== null ? <p className="hint">{texts.screenOrCamera}</p> : null}
          {picture !== null && !hasSound ? <p className="hint">{texts.pictureAlone}</p> : null}
        </section>
        <Field
          label={texts.name}
          hint={texts.nameHint}
          value={title}
          error={titleError}
          isDisabled={starting.isBusy}
          onChange={setTitle}
        />
        <AskedMembers log={log} />
        {isElsewhere ? (
          <Notice kind="warning" title={texts.elsewhere}>
            <p>{texts.elsewhereLead}</p>
          </Notice>
        ) : null}
        <Failure error={starting.error}>
          {notRenewed ? (
            <Action
              onPress={() => {
                acceptsNotRenewed.current = true
                starting.run()
              }}
            >
              {texts.startAnyway}
            </Action>
          ) : null}
        </Failure>
        <div className="actions">
          <Action kind="primary" type="submit" isDisabled={!isAny || titleError !== null} isPending={starting.isBusy}>
            <span className="record-dot" aria-hidden="true" />
            {texts.start}
          </Action>
          <span className="hint" role="status">
            {starting.isBusy ? texts.starting : null}
          </span>
        </div>
      </div>
    </Form>
  )
}

function supportedType(has: { readonly picture: boolean; readonly sound: boolean }): string | null {
  if (!("MediaRecorder" in globalThis)) return null
  return recordedType(has, (type) => MediaRecorder.isTypeSupported(type))
}

/** The devices that are chosen here; they are let go with the screen, unless a recording took them. */
function useSources(): Sources {
  const manager = useRecordingManager()
  const [sources] = useState(() => new Sources())
  useEffect(
    () => () => {
      if (manager.sources !== sources) sources.close()
    },
    [manager, sources],
  )
  return sources
}
