import type { ReactElement } from "react"
import { placeLine } from "../../sdk/imports/read-imported.js"
import { strings } from "../strings.js"
import { Field } from "../ui/field.js"
import { formatCount, formatDuration } from "../ui/format.js"
import { shownName } from "../../sdk/shown-name.js"
import { ChosenFile, TitleField } from "../uploads/chosen-file.js"
import { type ImportDraft, isOffset, withClock } from "./import-draft.js"

const texts = strings.imports
const SHOWN_LETTERS = 80

/** One recording that was found: what it is called, what goes along, and how its chat's clock stands. */
export function ImportRow({
  draft,
  isAlone,
  onChange,
}: {
  readonly draft: ImportDraft
  readonly isAlone: boolean
  readonly onChange: (changes: Partial<ImportDraft>) => void
}): ReactElement {
  const { ready, title, isIncluded } = draft
  const { main, beside } = ready
  const captions = beside.captions.reduce((sum, { cues }) => sum + cues, 0)
  const counts = [
    ...(captions > 0 ? [texts.captions(formatCount(captions))] : []),
    ...(beside.lines.length > 0 ? [texts.lines(formatCount(beside.lineCount))] : []),
    ...(beside.people.length > 0 ? [texts.people(formatCount(beside.people.length))] : []),
  ]
  const names = [main.path, ...beside.files.map(({ name }) => name).filter((name) => name !== main.path)]
  return (
    <li className="stack">
      <ChosenFile
        name={texts.of(names.map(shownName).join(", "))}
        sizeBytes={main.sizeBytes}
        includeLabel={texts.include(title)}
        isAlone={isAlone}
        isIncluded={isIncluded}
        onInclude={(changed) => {
          onChange({ isIncluded: changed })
        }}
      />
      {counts.length === 0 ? null : <p className="faint">{counts.join(" · ")}</p>}
      {isIncluded ? (
        <>
          <TitleField
            title={title}
            onChange={(changed) => {
              onChange({ title: changed })
            }}
          />
          {beside.lines.length === 0 ? null : <ChatClock draft={draft} onChange={onChange} />}
          {beside.unreadCount === 0 ? null : <p className="hint">{texts.unread(beside.unreadCount)}</p>}
        </>
      ) : null}
    </li>
  )
}

/** How the chat's clock stands to the recording's, and where its lines come to stand by that. */
function ChatClock({
  draft,
  onChange,
}: {
  readonly draft: ImportDraft
  readonly onChange: (changes: Partial<ImportDraft>) => void
}): ReactElement {
  const { clock, lines } = withClock(draft).beside
  const timed = lines.filter(({ type, clockMs }) => type !== "unread" && clockMs !== null)
  const [first, last] = [timed.at(0), timed.at(-1)]
  return (
    <>
      <Field
        label={texts.offset}
        value={draft.offset}
        hint={texts.offsetHint}
        error={isOffset(draft.offset) ? null : texts.badOffset}
        onChange={(offset) => {
          onChange({ offset })
        }}
      />
      <div role="status" className="faint">
        <p>{clock === null ? texts.noClock : texts.basis[clock.basis]}</p>
        {clock === null || first === undefined || last === undefined ? null : (
          <>
            <p>{texts.firstLine(timeOf(placeLine(first, clock).placeMs ?? 0), shortened(first.text))}</p>
            <p>{texts.lastLine(timeOf(placeLine(last, clock).placeMs ?? 0), shortened(last.text))}</p>
          </>
        )}
      </div>
    </>
  )
}

function timeOf(placeMs: number): string {
  return `${placeMs < 0 ? "−" : ""}${formatDuration(Math.abs(placeMs))}`
}

function shortened(text: string): string {
  const line = text.replaceAll(/\s+/gu, " ")
  return line.length <= SHOWN_LETTERS ? line : `${line.slice(0, SHOWN_LETTERS)} …`
}
