import type { ReactElement } from "react"
import { formatOffset } from "../../sdk/imports/chat-clock.js"
import type { Imported } from "../../sdk/imports/read-imported.js"
import type { OpenRecording } from "../../sdk/recordings.js"
import { PersonName } from "../signed-in/person-name.js"
import { strings } from "../strings.js"
import { formatDay } from "../ui/format.js"
import { Notice } from "../ui/notice.js"
import type { Loaded } from "../ui/use-loaded.js"

const texts = strings.watch.imported

/** That a recording was brought in from elsewhere, from where, by whom, and what that means; nothing where it was not. SPEC.md §8.1, IM3. */
export function ImportLabel({
  recording,
  imported,
}: {
  readonly recording: OpenRecording
  readonly imported: Loaded<Imported | null>
}): ReactElement | null {
  // That it is one is signed, whatever becomes of its record.
  if (!recording.assets.some(({ role }) => role === "import")) return null
  const { value, state } = imported
  const source = value === null ? null : sourceName(value.source)
  return (
    <Notice kind={state === "failed" ? "warning" : "info"} title={source === null ? texts.title : texts.from(source)}>
      <p>
        {texts.by} <PersonName genesisHash={recording.recording.authorGenesisHash} isWithin />
        {value === null ? null : ` · ${formatDay(value.importedAtMs)}`}
      </p>
      <p>{texts.meaning(source === null || value?.source === "folder" ? texts.elsewhere : source)}</p>
      {state === "failed" ? <p>{texts.failed}</p> : null}
      {value === null ? null : <ChatFacts imported={value} />}
    </Notice>
  )
}

function ChatFacts({ imported: { lines, clock, unreadCount } }: { readonly imported: Imported }): ReactElement | null {
  if (lines.length === 0) return null
  return (
    <>
      <p className="faint">
        {clock === null ? texts.noClock : texts.clock[clock.basis](formatOffset(0 - clock.startMs))}
      </p>
      {unreadCount === 0 ? null : <p className="faint">{texts.unread(unreadCount)}</p>}
    </>
  )
}

/** A platform that isn't known here is called as its importer called it. */
export function sourceName(source: string): string {
  const known: Readonly<Record<string, string>> = texts.sources
  return known[source] ?? `“${source}”`
}
