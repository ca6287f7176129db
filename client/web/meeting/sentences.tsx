import type { ReactElement } from "react"
import { equalBytes } from "../../../shared/protocol/bytes.js"
import type { OpeningSubject } from "../../../shared/protocol/notes.js"
import type { MeetingLog } from "../../crypto/meeting-log.js"
import type { AccountChange, MeetingChange } from "../../sdk/activity.js"
import { titleOf } from "../../sdk/recordings.js"
import { PersonName } from "../signed-in/person-name.js"
import { strings } from "../strings.js"
import { formatDuration } from "../ui/format.js"

type Recordings = MeetingLog["recordings"]

/** What somebody did to a meeting that has these recordings, in a sentence. */
export function MeetingSentence({
  change,
  recordings,
}: {
  readonly change: MeetingChange
  readonly recordings: Recordings
}): ReactElement {
  const texts = strings.meeting.activity
  switch (change.kind) {
    case "joined":
      return <About about={change.about} by={change.by} did={texts.added} />
    case "removed":
      return <About about={change.about} by={change.by} did={texts.removed} />
    case "made-admin":
      return <About about={change.about} by={change.by} did={texts.madeAdmin} />
    case "made-member":
      return <About about={change.about} by={change.by} did={texts.madeMember} />
    case "policy":
      return <Did who={change.by} did={change.policy === "shared" ? texts.policyShared : texts.policyFromJoin} />
    case "renamed":
      return <Did who={change.by} did={texts.renamed(change.title)} />
    case "left":
      return <Did who={change.by} did={texts.left} />
    case "ended":
      return <Did who={change.by} did={texts.ended} />
    case "deleted":
      return <Did who={change.by} did={texts.deleted} />
    case "opened":
      return <Did who={change.by} did={openedText(change.subject, recordings)} />
  }
}

/** What somebody says to have opened for others. */
function openedText(subject: OpeningSubject, recordings: Recordings): string {
  const texts = strings.meeting.activity
  if (subject.of === "messages") return texts.openedMessages(subject.ids.length)
  if (subject.of === "event") return texts.openedFields(subject.names.join(", "))
  const found = recordings.find(({ fields }) => equalBytes(fields.recordingId, subject.recordingId))
  const title = found === undefined ? null : titleOf(found)
  const what = title === null ? texts.aRecording : texts.titled(title)
  return subject.part === null
    ? texts.openedAll(what)
    : texts.openedPart(what, formatDuration(subject.part.fromMs), formatDuration(subject.part.toMs))
}

/** Somebody, and what they did. */
export function Did({ who, did }: { readonly who: Uint8Array; readonly did: string }): ReactElement {
  return (
    <>
      <PersonName genesisHash={who} /> {did}
    </>
  )
}

function About({
  about,
  by,
  did,
}: {
  readonly about: Uint8Array
  readonly by: Uint8Array
  readonly did: string
}): ReactElement {
  return (
    <>
      <Did who={by} did={did} /> <PersonName genesisHash={about} isWithin />
    </>
  )
}

/** What became of somebody's account, in a sentence. */
export function AccountSentence({ change }: { readonly change: AccountChange }): ReactElement {
  const texts = strings.meeting.activity
  const did = {
    "device-added": texts.deviceAdded,
    recovered: texts.recovered,
    "devices-revoked": texts.devicesRevoked,
    "recovery-replaced": texts.recoveryReplaced,
    closed: texts.closed,
  }[change.kind]
  return <Did who={change.about} did={did} />
}
