import { type ReactElement, useState } from "react"
import { Form } from "react-aria-components"
import type { MeetingId } from "../../../shared/protocol/ids.js"
import { makeEventOpening, type OpenableEvent, openableEvent } from "../../sdk/openings/event-opening.js"
import { useClient } from "../signed-in/client-context.js"
import { knownAs } from "../signed-in/naming.js"
import { strings } from "../strings.js"
import { Action } from "../ui/button.js"
import { Busy } from "../ui/busy.js"
import { CheckBox } from "../ui/check-box.js"
import { formatMoment } from "../ui/format.js"
import { Failure } from "../ui/notice.js"
import { useLoaded } from "../ui/use-loaded.js"
import { AgreeToOpening, type Prepared } from "./agree.js"

const texts = strings.openings
/** Shows nothing, and proves the signature where nothing else is chosen. */
const NOTHING = "nonce"

/** Opens chosen fields of an entry of the log for somebody outside. */
export function OpenEvent({
  meetingId,
  seq,
  onClose,
}: {
  readonly meetingId: MeetingId
  readonly seq: number
  readonly onClose: () => void
}): ReactElement {
  const client = useClient()
  const loaded = useLoaded(async () => await openableEvent(client, meetingId, seq), [client, meetingId.join(), seq])
  const [chosen, setChosen] = useState<readonly string[]>([])
  const [isAgreeing, setAgreeing] = useState(false)
  if (loaded.state === "loading") return <Busy label={strings.common.loading} />
  if (loaded.state === "failed")
    return (
      <Failure error={loaded.error}>
        <Action onPress={loaded.reload}>{strings.common.tryAgain}</Action>
      </Failure>
    )
  const openable = loaded.value
  const author = knownAs(client, openable.event.statement.authorGenesisHash).name
  if (isAgreeing)
    return (
      <AgreeToOpening
        meetingId={meetingId}
        prepared={preparedOf(openable, chosen, author, async function* () {
          yield await makeEventOpening(client, openable, chosen.length === 0 ? [NOTHING] : chosen)
        })}
        onBack={() => {
          setAgreeing(false)
        }}
        onClose={onClose}
      />
    )
  const offered = openable.names.filter((name) => textOf(name) !== null)
  return (
    <Form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault()
        setAgreeing(true)
      }}
    >
      <p>{texts.eventLead}</p>
      {offered.length === 0 ? <p>{texts.noFields}</p> : null}
      {offered.map((name) => (
        <CheckBox
          key={name}
          isSelected={chosen.includes(name)}
          onChange={(isSelected) => {
            setChosen(isSelected ? [...chosen, name] : chosen.filter((other) => other !== name))
          }}
        >
          {textOf(name)}
        </CheckBox>
      ))}
      <div className="actions">
        <Action kind="primary" type="submit">
          {texts.look}
        </Action>
        <Action onPress={onClose}>{strings.common.cancel}</Action>
      </div>
    </Form>
  )
}

/** What a field says, for people; `null` for what only programs read. */
function textOf(name: string): string | null {
  const known: Readonly<Record<string, string>> = texts.fields
  if (name.startsWith("asset:")) return texts.fileField(Number(name.slice(6)) + 1)
  return Object.hasOwn(known, name) ? (known[name] ?? null) : null
}

function preparedOf(
  { event }: OpenableEvent,
  chosen: readonly string[],
  author: string,
  make: () => AsyncIterable<Uint8Array>,
): Prepared {
  return {
    shown: [
      ...chosen.map((name) => textOf(name) ?? name),
      texts.showsOf.entry(event.seq),
      texts.showsOf.author(author, formatMoment(event.statement.timeMs)),
    ],
    absent: texts.absentOfEvent,
    fileName: texts.fileOfEvent(event.seq),
    sizeBytes: 0,
    subject: { of: "event", seq: event.seq, names: chosen.length === 0 ? [NOTHING] : chosen },
    make,
  }
}
