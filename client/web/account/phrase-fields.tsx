import { type Dispatch, type ReactElement, type SetStateAction, useId, useRef, useState } from "react"
import { strings } from "../strings.js"
import { completedWord, isPhraseWord, PHRASE_WORDS, suggestionsFor, wordsIn } from "./phrase-words.js"

const { words: texts } = strings.account

export const NO_WORDS: readonly string[] = Array.from({ length: PHRASE_WORDS }, () => "")

/** A field for each of the 24 words. A space goes on to the next; several words at once, pasted or spoken, go on into the fields behind. */
export function PhraseFields({
  words,
  onChange,
}: {
  readonly words: readonly string[]
  readonly onChange: Dispatch<SetStateAction<readonly string[]>>
}): ReactElement {
  const id = useId()
  const fields = useRef<HTMLDivElement>(null)
  const [focused, setFocused] = useState<number | null>(null)
  const put = (from: number, given: readonly string[]): void => {
    // A whole phrase goes where it belongs, whichever field it was given to.
    const first = given.length === PHRASE_WORDS ? 0 : from
    onChange((before) => before.map((word, index) => given[index - first] ?? word))
    focusOn(Math.min(first + given.length, PHRASE_WORDS - 1))
  }
  const focusOn = (index: number): void => {
    fields.current?.querySelectorAll("input")[index]?.focus()
  }
  const isWrong = (index: number): boolean =>
    index !== focused && words[index] !== undefined && words[index] !== "" && !isPhraseWord(words[index])
  const suggestions = focused === null ? [] : suggestionsFor(words[focused] ?? "")
  return (
    <div>
      <div ref={fields} role="group" aria-label={texts.group} className="phrase">
        {words.map((word, index) => (
          <label key={index} className="phrase-field">
            <span className="phrase-number" aria-hidden="true">
              {index + 1}
            </span>
            {/* No spelling help: some browsers send what is typed to its maker. */}
            <input
              aria-label={texts.label(index + 1)}
              aria-invalid={isWrong(index)}
              aria-describedby={isWrong(index) ? `${id}-${index}` : undefined}
              list={`${id}-words`}
              value={word}
              autoComplete="off"
              autoCorrect="off"
              autoCapitalize="none"
              spellCheck={false}
              translate="no"
              onFocus={() => {
                setFocused(index)
              }}
              onBlur={() => {
                setFocused(null)
                onChange((before) => before.with(index, completedWord(before[index] ?? "")))
              }}
              onPaste={(event) => {
                const given = wordsIn(event.clipboardData.getData("text"))
                if (given.length < 2) return
                event.preventDefault()
                put(index, given)
              }}
              onChange={({ target: { value } }) => {
                const given = wordsIn(value)
                const [only = ""] = given
                if (given.length > 1) put(index, given)
                else if (only !== "" && /\s$/.test(value)) put(index, [completedWord(only)])
                else onChange((before) => before.with(index, only))
              }}
            />
          </label>
        ))}
      </div>
      <datalist id={`${id}-words`}>
        {suggestions.map((word) => (
          <option key={word} value={word} />
        ))}
      </datalist>
      <div role="status">
        {words.map((word, index) =>
          isWrong(index) ? (
            <p key={index} id={`${id}-${index}`} className="field-error">
              {texts.unknown(index + 1, word)}
            </p>
          ) : null,
        )}
      </div>
    </div>
  )
}
