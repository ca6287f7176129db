import { type ReactElement, useState } from "react"
import { strings } from "../strings.js"
import { Action } from "./button.js"

/** Copies a text, and says that it did. */
export function CopyAction({ text }: { readonly text: string }): ReactElement {
  const [isCopied, setCopied] = useState(false)
  return (
    <>
      <Action
        onPress={() => {
          navigator.clipboard.writeText(text).then(
            () => {
              setCopied(true)
            },
            // Refused by the browser: the text stands beside it, to be marked by hand.
            () => {
              setCopied(false)
            },
          )
        }}
      >
        {isCopied ? strings.common.copied : strings.common.copy}
      </Action>
      <span className="visually-hidden" role="status">
        {isCopied ? strings.common.copied : ""}
      </span>
    </>
  )
}
