import { type ReactElement, useEffect, useRef, useState } from "react"
import { Form, ProgressBar, RadioButton, RadioField, RadioGroup } from "react-aria-components"
import { isArchiveError } from "../../../shared/protocol/errors.js"
import type { OpenedPart } from "../../../shared/protocol/opening.js"
import { makeOpening, openingBytes } from "../../sdk/openings/make-opening.js"
import { type OpeningPlan, planOpening } from "../../sdk/openings/plan-opening.js"
import { readTime } from "../../sdk/openings/time-of.js"
import type { OpenRecording } from "../../sdk/recordings.js"
import { useClient } from "../signed-in/client-context.js"
import { knownAs } from "../signed-in/naming.js"
import { strings } from "../strings.js"
import { Action } from "../ui/button.js"
import { Field } from "../ui/field.js"
import { formatCount, formatDuration, formatMoment } from "../ui/format.js"
import { Failure } from "../ui/notice.js"
import { AgreeToOpening, type Prepared } from "./agree.js"

const texts = strings.openings
const MS_PER_S = 1000
/** What is offered from where the player stands on. */
const OFFERED_MS = 60_000

export interface OpenRecordingProps {
  readonly recording: OpenRecording
  /** Where the player stands; `null` for what is no film and no sound, of which no part can be cut. */
  readonly atMs: number | null
  readonly durationMs: number | null
  readonly onClose: () => void
}

/** Opens some minutes of a recording, or all of it, for somebody outside: chooses them, says what that shows, makes the file. */
export function OpenRecording(props: OpenRecordingProps): ReactElement {
  const client = useClient()
  const [plan, setPlan] = useState<OpeningPlan | null>(null)
  const { recording, onClose } = props
  const author = knownAs(client, recording.recording.authorGenesisHash).name
  const [chosen, setChosen] = useState(() => firstChoice(props))
  return plan === null ? (
    <ChoosePart {...props} chosen={chosen} onChoose={setChosen} onPlan={setPlan} />
  ) : (
    <AgreeToOpening
      meetingId={recording.log.meetingId}
      prepared={preparedOf(plan, author, (signal) => makeOpening(client, plan, { signal }))}
      onBack={() => {
        setPlan(null)
      }}
      onClose={onClose}
    />
  )
}

interface Choice {
  readonly isAll: boolean
  readonly from: string
  readonly to: string
}

function firstChoice({ atMs, durationMs }: OpenRecordingProps): Choice {
  const fromMs = Math.floor((atMs ?? 0) / MS_PER_S) * MS_PER_S
  const toMs = Math.min(fromMs + OFFERED_MS, Math.ceil((durationMs ?? Infinity) / MS_PER_S) * MS_PER_S)
  return { isAll: atMs === null, from: formatDuration(fromMs), to: formatDuration(toMs) }
}

function ChoosePart({
  recording,
  atMs,
  onClose,
  chosen,
  onChoose,
  onPlan,
}: OpenRecordingProps & {
  readonly chosen: Choice
  readonly onChoose: (choice: Choice) => void
  readonly onPlan: (plan: OpeningPlan) => void
}): ReactElement {
  const client = useClient()
  const [fraction, setFraction] = useState<number | null>(null)
  const [error, setError] = useState<unknown>(null)
  const [isWrong, setWrong] = useState(false)
  const stopped = useRef(new AbortController())
  useEffect(
    () => () => {
      stopped.current.abort()
    },
    [],
  )
  const isBusy = fraction !== null
  const look = async (part: OpenedPart | null): Promise<void> => {
    stopped.current = new AbortController()
    const { signal } = stopped.current
    setError(null)
    setFraction(0)
    try {
      const onProgress = (done: number): void => {
        if (!signal.aborted) setFraction(done)
      }
      const plan = await planOpening(client, recording, part, { signal, onProgress })
      if (!signal.aborted) onPlan(plan)
    } catch (failure) {
      if (!signal.aborted) setError(failure)
    } finally {
      setFraction(null)
    }
  }
  return (
    <Form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault()
        const part = partOf(chosen)
        setWrong(part === "wrong")
        if (part !== "wrong" && !isBusy) void look(part)
      }}
    >
      <p>{texts.lead}</p>
      {atMs === null ? (
        <p>{texts.onlyAll}</p>
      ) : (
        <RadioGroup
          aria-label={texts.which}
          className="choices"
          value={chosen.isAll ? "all" : "part"}
          isDisabled={isBusy}
          onChange={(value) => {
            onChoose({ ...chosen, isAll: value === "all" })
          }}
        >
          <RadioField value="part">
            <RadioButton className="choice">{texts.part}</RadioButton>
          </RadioField>
          <RadioField value="all">
            <RadioButton className="choice">{texts.all}</RadioButton>
          </RadioField>
        </RadioGroup>
      )}
      {chosen.isAll ? null : (
        <div className="opening-times">
          <Field
            label={texts.from}
            value={chosen.from}
            isDisabled={isBusy}
            autoComplete="off"
            onChange={(from) => {
              // A field that is wrong keeps its form from being sent.
              setWrong(false)
              onChoose({ ...chosen, from })
            }}
          />
          <Field
            label={texts.to}
            value={chosen.to}
            isDisabled={isBusy}
            autoComplete="off"
            error={isWrong ? texts.wrongTimes : null}
            onChange={(to) => {
              // A field that is wrong keeps its form from being sent.
              setWrong(false)
              onChoose({ ...chosen, to })
            }}
          />
        </div>
      )}
      {fraction === null ? null : <Looking fraction={fraction} />}
      {isArchiveError(error) && error.code === "usage" ? (
        <p className="field-error" role="alert">
          {texts.notThatLong}
        </p>
      ) : isArchiveError(error) && error.code === "unsupported" ? (
        <p className="field-error" role="alert">
          {texts.notCut}
        </p>
      ) : (
        <Failure error={error} />
      )}
      <div className="actions">
        <Action kind="primary" type="submit" isPending={isBusy}>
          {texts.look}
        </Action>
        <Action onPress={onClose}>{strings.common.cancel}</Action>
      </div>
    </Form>
  )
}

function Looking({ fraction }: { readonly fraction: number }): ReactElement {
  return (
    <ProgressBar aria-label={texts.looking} value={fraction * 100}>
      {({ percentage }) => (
        <>
          <p>{texts.looking}</p>
          <div className="meter">
            <div style={{ width: `${percentage ?? 0}%` }} />
          </div>
        </>
      )}
    </ProgressBar>
  )
}

function partOf({ isAll, from, to }: Choice): OpenedPart | null | "wrong" {
  if (isAll) return null
  try {
    const part = { fromMs: readTime(from.trim()), toMs: readTime(to.trim()) }
    return part.fromMs < part.toMs ? part : "wrong"
  } catch {
    return "wrong"
  }
}

function preparedOf(
  plan: OpeningPlan,
  author: string,
  make: (signal: AbortSignal) => AsyncIterable<Uint8Array>,
): Prepared {
  const { recording, extracted, part, receipt, openedSegments, segments } = plan
  const { recording: published } = recording
  const shows = texts.showsOf
  return {
    shown: [
      ...(extracted === null
        ? [shows.all]
        : [
            shows.film(formatDuration(extracted.startMs), formatDuration(extracted.endMs)),
            shows.borders(formatCount(openedSegments), formatCount(segments)),
            shows.index,
          ]),
      shows.file,
      shows.author(author, formatMoment(published.timeMs)),
      receipt === null ? shows.noReceipt : shows.receipt,
    ],
    absent: texts.absent,
    // Nothing of the recording's title: the file is passed on.
    fileName: part === null ? texts.fileOfAll : texts.fileOf(formatDuration(part.fromMs), formatDuration(part.toMs)),
    sizeBytes: openingBytes(plan),
    subject: { of: "recording", recordingId: published.fields.recordingId, part },
    make,
  }
}
