import type { ReactElement } from "react"
import type { Imported } from "../../sdk/imports/read-imported.js"
import { strings } from "../strings.js"
import { formatDuration } from "../ui/format.js"
import { ImportedText } from "./imported-line.js"

/** A chat that was imported with nothing to play beside it. */
export function ImportedChat({ imported }: { readonly imported: Imported | null }): ReactElement | null {
  if (imported === null || imported.lines.length === 0) return null
  return (
    <section className="card stack">
      <h2>{strings.watch.imported.chat}</h2>
      <ol className="timeline-list">
        {imported.lines.map((line, index) => (
          <li key={index} className="timeline-row timeline-imported">
            <span className="timeline-time">
              {line.placeMs === null ? "" : `${line.placeMs < 0 ? "−" : ""}${formatDuration(Math.abs(line.placeMs))}`}
            </span>
            <ImportedText line={line} />
          </li>
        ))}
      </ol>
    </section>
  )
}
