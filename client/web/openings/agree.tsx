import { type ReactElement, type ReactNode, useEffect, useRef, useState } from "react"
import { isArchiveError } from "../../../shared/protocol/errors.js"
import type { MeetingId } from "../../../shared/protocol/ids.js"
import type { OpeningSubject } from "../../../shared/protocol/notes.js"
import { noteOpening } from "../../sdk/openings/make-opening.js"
import { useClient } from "../signed-in/client-context.js"
import { strings } from "../strings.js"
import { Action } from "../ui/button.js"
import { BytesProgress } from "../ui/bytes-progress.js"
import { CheckBox } from "../ui/check-box.js"
import { Failure, Notice } from "../ui/notice.js"
import { handOver, savePicker, saveTo } from "../watch/save-to-disk.js"

const texts = strings.openings

/** An opening that could be made. */
export interface Prepared {
  /** What whoever gets it sees, each in a sentence. */
  readonly shown: readonly ReactNode[]
  readonly absent: string
  readonly fileName: string
  /** But for some kilobytes of proof. */
  readonly sizeBytes: number
  readonly subject: OpeningSubject
  make(signal: AbortSignal): AsyncIterable<Uint8Array>
}

type Making =
  | { readonly state: "asked" }
  | { readonly state: "writing"; readonly doneBytes: number }
  | { readonly state: "made"; readonly isNoted: boolean }
  | { readonly state: "failed"; readonly error: unknown }

/** Says what an opening shows before it is made, and makes it where somebody agrees. */
export function AgreeToOpening({
  meetingId,
  prepared,
  onBack,
  onClose,
}: {
  readonly meetingId: MeetingId
  readonly prepared: Prepared
  readonly onBack: () => void
  readonly onClose: () => void
}): ReactElement {
  const client = useClient()
  const [isNoted, setNoted] = useState(false)
  const [making, setMaking] = useState<Making>({ state: "asked" })
  const stopped = useRef(new AbortController())
  useEffect(
    () => () => {
      stopped.current.abort()
    },
    [],
  )
  const make = async (): Promise<void> => {
    stopped.current = new AbortController()
    const { signal } = stopped.current
    const pick = savePicker()
    const file = pick === null ? null : await pick({ suggestedName: prepared.fileName })
    const onProgress = (doneBytes: number): void => {
      if (!signal.aborted) setMaking({ state: "writing", doneBytes })
    }
    onProgress(0)
    // Nobody has an opening of which the members were to be told, and were not.
    const beforeKept = async (): Promise<void> => {
      if (isNoted) await noteOpening(client, meetingId, prepared.subject)
    }
    const options = { onProgress, beforeKept }
    if (file === null) await handOver(prepared.fileName, "application/octet-stream", prepared.make(signal), options)
    else await saveTo(file, prepared.make(signal), options)
    setMaking({ state: "made", isNoted })
  }
  const begin = (): void => {
    make().catch((error: unknown) => {
      const isStopped = error instanceof DOMException && error.name === "AbortError"
      if (isStopped || (isArchiveError(error) && error.code === "interrupted")) setMaking({ state: "asked" })
      else setMaking({ state: "failed", error })
    })
  }
  if (making.state === "made") return <Made isNoted={making.isNoted} onClose={onClose} />
  const isWriting = making.state === "writing"
  return (
    <>
      <h3>{texts.shows}</h3>
      <ul className="opening-shows">
        {prepared.shown.map((what, index) => (
          <li key={index}>{what}</li>
        ))}
      </ul>
      <p>{prepared.absent}</p>
      <Notice kind="warning">
        <p>{texts.forGood}</p>
      </Notice>
      <CheckBox isSelected={isNoted} onChange={setNoted}>
        {texts.tell}
      </CheckBox>
      <p className="hint">{texts.tellHint}</p>
      {making.state === "writing" ? (
        <BytesProgress label={texts.making} doneBytes={making.doneBytes} sizeBytes={prepared.sizeBytes} />
      ) : null}
      <Failure error={making.state === "failed" ? making.error : null} />
      <div className="actions">
        <Action kind="primary" isPending={isWriting} onPress={begin}>
          {texts.make}
        </Action>
        {isWriting ? (
          <Action
            onPress={() => {
              stopped.current.abort()
            }}
          >
            {strings.common.cancel}
          </Action>
        ) : (
          <Action onPress={onBack}>{texts.back}</Action>
        )}
      </div>
    </>
  )
}

function Made({ isNoted, onClose }: { readonly isNoted: boolean; readonly onClose: () => void }): ReactElement {
  return (
    <>
      <Notice kind="good" title={texts.made}>
        <p>{texts.madeLead}</p>
        <p>{isNoted ? texts.told : texts.notTold}</p>
      </Notice>
      <div className="actions">
        <Action kind="primary" onPress={onClose}>
          {strings.common.close}
        </Action>
      </div>
    </>
  )
}
