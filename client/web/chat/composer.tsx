import { type KeyboardEvent, type ReactElement, type RefObject, useId, useState } from "react"
import { ListBox, ListBoxItem } from "react-aria-components"
import { toHex, utf8 } from "../../../shared/protocol/bytes.js"
import { LIMITS } from "../../../shared/protocol/limits.js"
import type { SentFile } from "../../../shared/protocol/message-content.js"
import type { MeetingLog } from "../../crypto/meeting-log.js"
import { useClient, useClientState } from "../signed-in/client-context.js"
import { knownAs } from "../signed-in/naming.js"
import { strings } from "../strings.js"
import { Action } from "../ui/button.js"
import { ChooseFiles } from "../ui/choose-files.js"
import { formatCount } from "../ui/format.js"
import { Failure } from "../ui/notice.js"
import { useTask } from "../ui/use-task.js"
import { ChosenFiles, GoingFiles } from "./chosen-files.js"
import { type Draft, NO_DRAFT } from "./drafts.js"
import { useFileUpload } from "./use-file-upload.js"
import { type Mentionable, mentionableIn, mentionAt, mentionsIn, mentionsInEdit } from "./mentioning.js"

const texts = strings.chat.composer
const AT_ONCE = 6

/** Where messages are written: by keyboard alone, if one likes. */
export function Composer({
  log,
  draft,
  field,
  onDraft,
  onSend,
  onBack,
  onEditLast,
}: {
  readonly log: MeetingLog
  readonly draft: Draft
  readonly field: RefObject<HTMLTextAreaElement | null>
  readonly onDraft: (draft: Draft) => void
  readonly onSend: (
    draft: Draft,
    more: { readonly mentions: readonly Uint8Array[]; readonly files: readonly SentFile[] },
  ) => Promise<void>
  /** What was to be sent, and could not be kept. */
  readonly onBack: (draft: Draft) => void
  readonly onEditLast: () => void
}): ReactElement {
  const client = useClient()
  useClientState()
  const id = useId()
  const { text, files, about } = draft
  const people = mentionableIn(client, log)
  const [caret, setCaret] = useState(0)
  const [chosen, setChosen] = useState(0)
  const [isAside, setAside] = useState(false)
  const at = isAside ? null : mentionAt(text, caret)
  const suggested = at === null ? [] : suggestions(people, at.typed)
  const current = suggested[Math.min(chosen, suggested.length - 1)]
  const overBytes = utf8(text).length - LIMITS.messageTextBytes
  const isEmpty = text.trim() === "" && files.length === 0
  const [going, setGoing] = useState(NO_DRAFT)
  const upload = useFileUpload(log.meetingId)
  const sending = useTask(async () => {
    if (isEmpty || overBytes > 0) return
    // Its place is free at once: what is typed from here on belongs to the next.
    setGoing(draft)
    onDraft(NO_DRAFT)
    let isKept = false
    try {
      const sent = await upload.run(files)
      if (sent !== null) await onSend(draft, { mentions: namedIn(draft, people), files: sent })
      isKept = sent !== null
    } finally {
      if (!isKept) onBack(draft)
      setGoing(NO_DRAFT)
    }
    field.current?.focus()
  })
  const add = (more: readonly File[]): void => {
    onDraft({ ...draft, files: [...files, ...more].slice(0, LIMITS.filesPerMessage) })
    field.current?.focus()
  }
  const takesFiles = about?.kind !== "edit" && !sending.isBusy
  const take = ({ name }: Mentionable): void => {
    if (at === null) return
    const next = `${text.slice(0, at.from)}@${name} ${text.slice(caret)}`
    onDraft({ ...draft, text: next })
    const end = at.from + name.length + 2
    setCaret(end)
    requestAnimationFrame(() => field.current?.setSelectionRange(end, end))
  }
  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>): void => {
    // What an input method is still composing is its own.
    if (event.nativeEvent.isComposing) return
    const { key } = event
    const isPlain = !event.shiftKey && !event.ctrlKey && !event.altKey && !event.metaKey
    if (current !== undefined && isPlain && (key === "Enter" || key === "Tab")) take(current)
    else if (current !== undefined && key === "ArrowDown") setChosen((chosen + 1) % suggested.length)
    else if (current !== undefined && key === "ArrowUp") setChosen((chosen + suggested.length - 1) % suggested.length)
    else if (current !== undefined && key === "Escape") setAside(true)
    else if (key === "Enter" && isPlain) sending.run()
    else if (key === "Escape" && about !== null) onDraft(NO_DRAFT)
    else if (key === "ArrowUp" && isPlain && text === "" && about === null) onEditLast()
    else return
    event.preventDefault()
  }
  const look = (area: HTMLTextAreaElement): void => {
    setCaret(area.selectionStart)
  }
  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault()
        sending.run()
      }}
    >
      {about === null ? null : (
        <div className="composer-about">
          <span>
            {about.kind === "edit"
              ? texts.editing
              : texts.replying(knownAs(client, about.line.message.statement.authorGenesisHash).name)}
          </span>
          <Action
            kind="quiet"
            onPress={() => {
              onDraft(about.kind === "edit" ? NO_DRAFT : { ...draft, about: null })
              field.current?.focus()
            }}
          >
            {texts.stop}
          </Action>
        </div>
      )}
      {current === undefined ? null : (
        <ListBox
          className="menu composer-people"
          aria-label={texts.people}
          selectionMode="single"
          selectedKeys={[toHex(current.genesisHash)]}
          items={suggested.map((person) => ({ ...person, id: toHex(person.genesisHash) }))}
        >
          {(person) => (
            <ListBoxItem
              className="menu-item"
              textValue={person.name}
              onPress={() => {
                take(person)
                field.current?.focus()
              }}
            >
              {person.name}
            </ListBoxItem>
          )}
        </ListBox>
      )}
      <p className="visually-hidden" role="status">
        {current === undefined ? "" : `${current.name}. ${texts.suggestions(suggested.length)}`}
      </p>
      <label className="visually-hidden" htmlFor={id}>
        {texts.label}
      </label>
      <GoingFiles text={going.text} files={going.files} progress={upload.progress} onCancel={upload.cancel} />
      <ChosenFiles
        files={files}
        onRemove={(file) => {
          onDraft({ ...draft, files: files.filter((other) => other !== file) })
        }}
      />
      <div
        className="composer-line"
        onDragOver={(event) => {
          if (takesFiles) event.preventDefault()
        }}
        onDrop={(event) => {
          if (!takesFiles) return
          event.preventDefault()
          add([...event.dataTransfer.files])
        }}
      >
        <textarea
          ref={field}
          id={id}
          rows={2}
          dir="auto"
          // Browsers keep what is typed in the clear otherwise, to restore the page.
          autoComplete="off"
          value={text}
          placeholder={texts.placeholder}
          aria-describedby={`${id}-hint`}
          aria-invalid={overBytes > 0 || undefined}
          onChange={({ currentTarget }) => {
            setAside(false)
            setChosen(0)
            onDraft({ ...draft, text: currentTarget.value })
            look(currentTarget)
          }}
          onSelect={({ currentTarget }) => {
            look(currentTarget)
          }}
          onKeyDown={onKeyDown}
          onPaste={(event) => {
            const pasted = [...event.clipboardData.files]
            if (pasted.length === 0 || !takesFiles) return
            event.preventDefault()
            add(pasted)
          }}
        />
        {about?.kind === "edit" ? null : (
          <ChooseFiles onChoose={add}>
            <Action isDisabled={!takesFiles || files.length >= LIMITS.filesPerMessage}>{strings.chat.files.add}</Action>
          </ChooseFiles>
        )}
        <Action type="submit" kind="primary" isDisabled={isEmpty || overBytes > 0} isPending={sending.isBusy}>
          {about?.kind === "edit" ? texts.save : texts.send}
        </Action>
      </div>
      {overBytes > 0 ? (
        <p className="field-error" role="alert">
          {texts.tooLong(formatCount(overBytes))}
        </p>
      ) : null}
      <p className="hint composer-hint" id={`${id}-hint`}>
        {texts.hint}
      </p>
      <Failure error={sending.error} />
    </form>
  )
}

function namedIn({ text, about }: Draft, people: readonly Mentionable[]): readonly Uint8Array[] {
  return about?.kind === "edit" ? mentionsInEdit(text, people, about.line) : mentionsIn(text, people)
}

function suggestions(people: readonly Mentionable[], typed: string): readonly Mentionable[] {
  const wanted = typed.toLocaleLowerCase()
  return people
    .filter(({ name }) => {
      const known = name.toLocaleLowerCase()
      // Once it stands there whole there is nothing to choose.
      return known.startsWith(wanted) && known !== wanted.trim()
    })
    .slice(0, AT_ONCE)
}
