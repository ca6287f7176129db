import { type ReactElement, useState } from "react"
import { strings } from "../strings.js"
import { Action } from "./button.js"

/** Copies a text, and says whether that was done. */
export function CopyAction({ text, label }: { readonly text: string; readonly label?: string }): ReactElement {
  const [outcome, setOutcome] = useState<"none" | "copied" | "failed">("none")
  return (
    <>
      <Action
        onPress={() => {
          navigator.clipboard.writeText(text).then(
            () => {
              setOutcome("copied")
            },
            () => {
              setOutcome("failed")
            },
          )
        }}
      >
        {label ?? strings.common.copy}
      </Action>
      <span role="status" className="faint">
        {outcome === "copied" ? strings.common.copied : outcome === "failed" ? strings.common.copyFailed : ""}
      </span>
    </>
  )
}
