import { formatId } from "../../shared/protocol/ids.js"
import type { OpeningSubject } from "../../shared/protocol/notes.js"
import type { AccountChange, MeetingChange, News } from "../sdk/activity.js"
import type { Client } from "../sdk/client.js"
import { clock } from "../verifier/words.js"
import { accountOf, nameText } from "./describe.js"

/** What others changed about who holds keys, said to a person. */
export function newsText(client: Client, news: News): string {
  return news.of === "account"
    ? accountChangeText(client, news.change)
    : `${formatId("meeting", news.log.meetingId)}  ${news.log.current.title}: ${meetingChangeText(client, news.change)}`
}

export function meetingChangeText(client: Client, change: MeetingChange): string {
  const by = who(client, change.by)
  switch (change.kind) {
    case "joined":
      return `${by} admitted ${who(client, change.about)}`
    case "removed":
      return `${by} took out ${who(client, change.about)}`
    case "made-admin":
      return `${by} made ${who(client, change.about)} an admin`
    case "made-member":
      return `${by} made ${who(client, change.about)} a member, and no admin any more`
    case "policy":
      return `${by} changed what newcomers open: ${change.policy === "shared" ? "all there is" : "what is sealed from their joining on"}`
    case "renamed":
      return `${by} named the meeting ${change.title}`
    case "left":
      return `${by} left`
    case "ended":
      return `${by} ended the meeting`
    case "deleted":
      return `${by} deleted the meeting`
    case "opened":
      return `${by} says that they opened ${subjectText(change.subject)} for somebody outside of the meeting`
  }
}

export function accountChangeText(client: Client, { kind, about }: AccountChange): string {
  const account = who(client, about)
  switch (kind) {
    case "device-added":
      return `${account} has one more device`
    case "recovered":
      return `${account} was recovered: whoever has its 24 words added a device`
    case "devices-revoked":
      return `${account} revoked devices`
    case "recovery-replaced":
      return `${account} has new recovery words`
    case "closed":
      return `${account} was closed`
  }
}

function subjectText(subject: OpeningSubject): string {
  if (subject.of === "messages")
    return subject.ids.length === 1 ? "a message of the chat" : `${subject.ids.length} messages of the chat`
  if (subject.of === "event") return `${subject.names.join(", ")} of event ${subject.seq}`
  const { recordingId, part } = subject
  const minutes = part === null ? "all" : `${clock(part.fromMs)} to ${clock(part.toMs)}`
  return `${minutes} of ${formatId("recording", recordingId)}`
}

function who(client: Client, genesisHash: Uint8Array): string {
  return `${accountOf(genesisHash)}${nameText(client, genesisHash)}`
}
