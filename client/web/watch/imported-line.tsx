import type { ReactElement } from "react"
import type { PlacedLine } from "../../sdk/imports/read-imported.js"
import { strings } from "../strings.js"
import { shownName } from "../../sdk/shown-name.js"

const texts = strings.watch.imported

/** A line of an imported chat, as its platform had it: its names are names and nobody's account. SPEC.md §8.1, IM2. */
export function ImportedText({ line }: { readonly line: PlacedLine }): ReactElement {
  const { type, author, to, about, text } = line
  if (type === "unread")
    return (
      <div>
        <span className="faint">{texts.notRead}</span>
        <p dir="auto">{text}</p>
      </div>
    )
  return (
    <div>
      <strong>{texts.quoted(shownName(author ?? ""))}</strong>{" "}
      <span className="faint">
        {to === null ? texts.line : texts.lineTo(shownName(to))}
        {about === null ? null : ` · ${aboutText(type, shownName(about))}`}
      </span>
      <p dir="auto">{text}</p>
    </div>
  )
}

function aboutText(type: string, about: string): string {
  if (type === "reply") return texts.answers(about)
  return type === "reaction-removed" ? texts.takesBack(about) : texts.reacts(about)
}
