import { type ReactElement, type ReactNode, useId } from "react"
import { fromHex, toHex } from "../../../shared/protocol/bytes.js"
import { useClient, useClientState } from "../signed-in/client-context.js"
import { knownAs } from "../signed-in/naming.js"
import { strings } from "../strings.js"
import { Action } from "../ui/button.js"
import { shownName } from "../../sdk/shown-name.js"
import { CheckBox } from "../ui/check-box.js"
import { Field } from "../ui/field.js"
import { type Author, NOTHING_WANTED, type Wanted } from "./query.js"
import type { IndexView } from "./search-messages.js"

const texts = strings.search

/** Narrows down what is searched. */
export function Filters({
  wanted,
  view,
  onWant,
}: {
  readonly wanted: Wanted
  readonly view: IndexView | null
  readonly onWant: (changes: Partial<Wanted>) => void
}): ReactElement {
  const client = useClient()
  const { meetings } = useClientState()
  const accounts = (view?.accounts ?? [])
    .map((genesisHash) => ({ genesisHash, name: knownAs(client, fromHex(genesisHash)).name }))
    .toSorted((a, b) => a.name.localeCompare(b.name))
  const claimed = view?.claimed ?? []
  const authors: readonly Author[] = [
    ...accounts.map(({ genesisHash }): Author => ({ of: "account", genesisHash })),
    ...claimed.map((name): Author => ({ of: "claimed", name })),
  ]
  const chosen = wanted.author === null ? -1 : authors.findIndex((author) => isSame(author, wanted.author))
  const isFiltered = JSON.stringify({ ...wanted, words: "" }) !== JSON.stringify(NOTHING_WANTED)
  return (
    <div role="group" aria-label={texts.filters} className="search-filters">
      <Choice
        label={texts.meeting}
        value={wanted.meeting}
        onChange={(meeting) => {
          onWant({ meeting })
        }}
      >
        <option value="">{texts.allMeetings}</option>
        {meetings.toReversed().map(({ meetingHash, seen }) => (
          <option key={toHex(meetingHash)} value={toHex(meetingHash)}>
            {seen?.title ?? strings.meetings.untitled}
          </option>
        ))}
      </Choice>
      <Choice
        label={texts.by}
        value={String(chosen)}
        onChange={(index) => {
          onWant({ author: authors[Number(index)] ?? null })
        }}
      >
        <option value="-1">{texts.anybody}</option>
        <Options label={texts.people} names={accounts.map(({ name }) => name)} from={0} />
        <Options label={texts.claimed} names={claimed.map(shownName)} from={accounts.length} />
      </Choice>
      <Field
        label={texts.from}
        type="date"
        value={wanted.fromDay}
        onChange={(fromDay) => {
          onWant({ fromDay })
        }}
      />
      <Field
        label={texts.until}
        type="date"
        value={wanted.untilDay}
        onChange={(untilDay) => {
          onWant({ untilDay })
        }}
      />
      <div className="search-more">
        <CheckBox
          isSelected={wanted.hasFile}
          onChange={(hasFile) => {
            onWant({ hasFile })
          }}
        >
          {texts.hasFile}
        </CheckBox>
        {isFiltered ? (
          <Action
            kind="quiet"
            onPress={() => {
              onWant({ ...NOTHING_WANTED, words: wanted.words })
            }}
          >
            {texts.clear}
          </Action>
        ) : null}
      </div>
    </div>
  )
}

/** One of several. The browser keeps nothing of what is chosen: it would, in the clear, to restore a tab. */
function Choice({
  label,
  value,
  onChange,
  children,
}: {
  readonly label: string
  readonly value: string
  readonly onChange: (value: string) => void
  readonly children: ReactNode
}): ReactElement {
  const id = useId()
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <select
        id={id}
        value={value}
        autoComplete="off"
        onChange={({ target }) => {
          onChange(target.value)
        }}
      >
        {children}
      </select>
    </div>
  )
}

function Options({
  label,
  names,
  from,
}: {
  readonly label: string
  readonly names: readonly string[]
  /** The first one's number. */
  readonly from: number
}): ReactElement | null {
  if (names.length === 0) return null
  return (
    <optgroup label={label}>
      {names.map((name, index) => (
        <option key={from + index} value={from + index}>
          {name}
        </option>
      ))}
    </optgroup>
  )
}

function isSame(a: Author, b: Author | null): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
