import { type ReactElement, useState } from "react"
import type { RandomBytes } from "../../../shared/protocol/ambient.js"
import { strings } from "../strings.js"
import { ConfirmPhrase } from "./confirm-phrase.js"
import { ShowPhrase } from "./show-phrase.js"
import { somePositions } from "./some-positions.js"

/** New recovery words on their way to paper: shown, then proven by typing four of them. */
export function PhraseSteps({
  words,
  random,
  onConfirmed,
  onCancel,
}: {
  readonly words: readonly string[]
  readonly random: RandomBytes
  /** What it throws is shown, and it can be tried again. */
  readonly onConfirmed: () => Promise<void> | void
  /** None where there is no way back. */
  readonly onCancel?: () => void
}): ReactElement {
  const [asked, setAsked] = useState<readonly number[] | null>(null)
  return asked === null ? (
    <ShowPhrase
      words={words}
      onWritten={() => {
        setAsked(somePositions(words.length, random))
      }}
      cancel={onCancel === undefined ? null : { label: strings.common.cancel, onPress: onCancel }}
    />
  ) : (
    <ConfirmPhrase
      words={words}
      positions={asked}
      onConfirmed={onConfirmed}
      onAgain={() => {
        setAsked(null)
      }}
    />
  )
}
