import { type ReactElement, useState } from "react"
import { strings } from "../strings.js"
import { Action } from "../ui/button.js"
import { Field } from "../ui/field.js"
import { Failure } from "../ui/notice.js"
import { Page } from "../ui/page.js"
import { useTask } from "../ui/use-task.js"

const { phrase: texts } = strings.account

/** Asks for some of the words, as they are on paper. */
export function ConfirmPhrase({
  words,
  positions,
  onConfirmed,
  onAgain,
}: {
  readonly words: readonly string[]
  readonly positions: readonly number[]
  readonly onConfirmed: () => Promise<void> | void
  readonly onAgain: () => void
}): ReactElement {
  const [typed, setTyped] = useState<Readonly<Record<number, string>>>({})
  const [wrong, setWrong] = useState<readonly number[]>([])
  const task = useTask(async () => {
    await onConfirmed()
  })
  return (
    <Page title={texts.confirmTitle} lead={texts.confirmLead}>
      <form
        className="stack"
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          const missed = positions.filter((position) => words[position] !== typed[position]?.trim().toLowerCase())
          setWrong(missed)
          if (missed.length === 0) task.run()
          else focusOn(event.currentTarget, positions.indexOf(missed[0] ?? 0))
        }}
      >
        <div className="phrase-fields">
          {positions.map((position) => (
            <Field
              key={position}
              label={texts.word(position + 1)}
              error={wrong.includes(position) ? errorOf(position, typed[position]) : null}
              value={typed[position] ?? ""}
              onChange={(value) => {
                setTyped((before) => ({ ...before, [position]: value }))
                setWrong((before) => before.filter((other) => other !== position))
              }}
              autoCorrect="off"
              spellCheck="false"
            />
          ))}
        </div>
        <Failure error={task.error} />
        <div className="actions">
          <Action kind="primary" type="submit" isPending={task.isBusy}>
            {texts.confirm}
          </Action>
          <Action isDisabled={task.isBusy} onPress={onAgain}>
            {texts.again}
          </Action>
        </div>
      </form>
    </Page>
  )
}

function errorOf(position: number, typed = ""): string {
  return typed.trim() === "" ? texts.missing(position + 1) : texts.wrong(position + 1)
}

function focusOn(form: HTMLFormElement, index: number): void {
  form.querySelectorAll("input")[index]?.focus()
}
