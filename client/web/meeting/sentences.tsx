import type { ReactElement } from "react"
import type { AccountChange, MeetingChange } from "../../sdk/activity.js"
import { PersonName } from "../signed-in/person-name.js"
import { strings } from "../strings.js"

/** What somebody did to a meeting, in a sentence. */
export function MeetingSentence({ change }: { readonly change: MeetingChange }): ReactElement {
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
  }
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
      <Did who={by} did={did} /> <PersonName genesisHash={about} />
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
