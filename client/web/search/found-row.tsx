import type { ReactElement } from "react"
import { fromHex } from "../../../shared/protocol/bytes.js"
import { asId, type RecordingId } from "../../../shared/protocol/ids.js"
import type { FoundInMeeting } from "../../sdk/search/find.js"
import { hrefOf } from "../routes.js"
import { useClient, useClientState } from "../signed-in/client-context.js"
import { KnownMark } from "../signed-in/known-mark.js"
import { knownAs } from "../signed-in/naming.js"
import { strings } from "../strings.js"
import { formatDay, formatDuration, formatMoment } from "../ui/format.js"
import { shownName } from "../../sdk/shown-name.js"
import { markedParts } from "./marked-parts.js"

const texts = strings.search

/** Something that was found, and the way to its place. */
export function FoundRow({ found }: { readonly found: FoundInMeeting }): ReactElement {
  const { kind, files, matches, placeMs, timeMs } = found
  const text = saidIn(found)
  const recordingId = found.recording === null ? null : asId("recording", fromHex(found.recording))
  return (
    <li className="search-result">
      <p className="search-kind faint">{texts.kinds[kind]}</p>
      <a className="search-hit" href={placeOf(found, recordingId)} dir="auto">
        <Marked text={text === "" ? (files === "" ? texts.untitled : files) : text} matches={matches} />
      </a>
      {text === "" || files === "" ? null : (
        <p className="search-files" dir="auto">
          <Marked text={texts.file(files.replaceAll("\n", ", "))} matches={matches} />
        </p>
      )}
      <p className="search-where faint">
        <Who found={found} />
        <span>{kind === "message" || kind === "imported" ? formatMoment(timeMs) : formatDay(timeMs)}</span>
        {whereOf(found).map((where) => (
          <span key={where} dir="auto">
            {where}
          </span>
        ))}
        {kind === "message" && recordingId !== null && placeMs !== null && placeMs >= 0 ? (
          <a href={hrefOf({ screen: "recording", meetingId: found.meetingId, recordingId, startMs: placeMs })}>
            {texts.beside(formatDuration(placeMs))}
          </a>
        ) : null}
      </p>
    </li>
  )
}

/** Who signed it; or a name in it, behind which stands nobody. */
function Who({ found: { author, claimedAuthor } }: { readonly found: FoundInMeeting }): ReactElement | null {
  const client = useClient()
  // Renames and verifications are seen everywhere at once.
  useClientState()
  if (author !== null) {
    const { name, state } = knownAs(client, fromHex(author))
    return (
      <span className="person">
        {name} {state === "self" ? null : <KnownMark state={state} />}
      </span>
    )
  }
  return claimedAuthor === null ? null : (
    <span title={texts.claimedMeaning}>{texts.claimedBy(shownName(claimedAuthor))}</span>
  )
}

function Marked({ text, matches }: { readonly text: string; readonly matches: readonly string[] }): ReactElement {
  return (
    <>
      {markedParts(text, matches).map((part, index) =>
        part.isMatch ? <mark key={index}>{part.text}</mark> : <span key={index}>{part.text}</span>,
      )}
    </>
  )
}

/** A transcript writes before each caption who speaks, which stands below it here. */
function saidIn({ kind, text, claimedAuthor }: FoundInMeeting): string {
  const before = `${claimedAuthor ?? ""}:`
  return kind === "caption" && claimedAuthor !== null && text.startsWith(before)
    ? text.slice(before.length).trimStart()
    : text
}

function placeOf(found: FoundInMeeting, recordingId: RecordingId | null): string {
  const { meetingId, message, placeMs } = found
  if (message !== null)
    return hrefOf({ screen: "meeting", meetingId, tab: "chat", messageId: asId("message", fromHex(message)) })
  if (recordingId === null) return hrefOf({ screen: "meeting", meetingId, tab: "recordings" })
  return hrefOf({
    screen: "recording",
    meetingId,
    recordingId,
    // What stands before a recording is beside its beginning.
    startMs: placeMs === null ? null : Math.max(0, placeMs),
  })
}

function whereOf({ kind, meetingTitle, recordingTitle, placeMs }: FoundInMeeting): readonly string[] {
  const meeting = kind === "meeting" || meetingTitle === null ? [] : [meetingTitle]
  if (kind !== "caption" && kind !== "imported") return meeting
  const title = recordingTitle ?? texts.untitled
  if (placeMs === null) return [...meeting, title]
  return [...meeting, placeMs < 0 ? texts.before(title) : texts.at(title, formatDuration(placeMs))]
}
