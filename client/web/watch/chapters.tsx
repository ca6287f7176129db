import type { ReactElement } from "react"
import { Button } from "react-aria-components"
import { strings } from "../strings.js"
import { formatDuration } from "../ui/format.js"
import type { Chapter } from "../../sdk/captions.js"

const MS_PER_S = 1000

/** The chapters of a recording, each the way to where it begins. */
export function Chapters({
  chapters,
  atS,
  onSeek,
}: {
  readonly chapters: readonly Chapter[]
  readonly atS: number
  readonly onSeek: (timeS: number) => void
}): ReactElement | null {
  if (chapters.length === 0) return null
  const current = chapters.findLast(({ startS }) => startS <= atS)
  return (
    <section className="chapters">
      <h2>{strings.watch.chapters}</h2>
      <ol>
        {chapters.map((chapter) => (
          <li key={chapter.startS} aria-current={chapter === current ? "step" : undefined}>
            <Button
              className="chapter"
              onPress={() => {
                onSeek(chapter.startS)
              }}
            >
              <span className="chapter-time">{formatDuration(chapter.startS * MS_PER_S)}</span> {chapter.title}
            </Button>
          </li>
        ))}
      </ol>
    </section>
  )
}
