import type { ReactElement } from "react"

/** Safety words in their order, large enough to read aloud; they count themselves. A browser that translates pages leaves them alone. */
export function Words({ words }: { readonly words: string }): ReactElement {
  return (
    <ol className="words" role="list" translate="no">
      {words.split(" ").map((word, index) => (
        // A word may come twice; its place never does.
        <li key={index}>{word}</li>
      ))}
    </ol>
  )
}
