import { type ReactElement, type ReactNode, useRef, useState } from "react"
import { Slider, SliderThumb, SliderTrack } from "react-aria-components"
import { strings } from "../strings.js"
import { formatDuration } from "../ui/format.js"
import type { Chapter } from "../../sdk/captions.js"
import type { Playing } from "./use-playing.js"

const MS_PER_S = 1000
const STEP_S = 0.1

/** Where in its length a recording is, and the way to any other place. What lies under it is drawn beneath. */
export function Scrubber({
  playing,
  chapters,
  isOff,
  onSeek,
  children,
}: {
  readonly playing: Playing
  readonly chapters: readonly Chapter[]
  readonly isOff: boolean
  readonly onSeek: (timeS: number) => void
  readonly children?: ReactNode
}): ReactElement {
  const { lengthS, buffered } = playing
  const [draggedS, setDraggedS] = useState<number | null>(null)
  const [hoveredS, setHoveredS] = useState<number | null>(null)
  const track = useRef<HTMLDivElement>(null)
  const atS = draggedS ?? playing.atS
  const previewS = draggedS ?? hoveredS
  const partOf = (timeS: number): string => `${lengthS === 0 ? 0 : (timeS / lengthS) * 100}%`
  const span = ({ startS, endS }: { readonly startS: number; readonly endS: number }): object => ({
    left: partOf(startS),
    width: partOf(endS - startS),
  })
  return (
    <Slider
      className="scrubber"
      aria-label={strings.watch.scrubber}
      value={atS}
      minValue={0}
      maxValue={Math.max(lengthS, STEP_S)}
      step={STEP_S}
      isDisabled={isOff || lengthS === 0}
      onChange={setDraggedS}
      onChangeEnd={(timeS) => {
        setDraggedS(null)
        onSeek(timeS)
      }}
    >
      {({ state }) => {
        // A slider says its value as a number; this one is a time. The state is made anew for each rendering, and known by its identity.
        state.getThumbValueLabel = () => strings.watch.timeOf(clock(atS), clock(lengthS))
        return (
          <SliderTrack
            ref={track}
            className="scrubber-track"
            onPointerMove={({ clientX }) => {
              const { left, width } = track.current?.getBoundingClientRect() ?? { left: 0, width: 0 }
              if (width > 0) setHoveredS(Math.min(Math.max(0, (clientX - left) / width), 1) * lengthS)
            }}
            onPointerLeave={() => {
              setHoveredS(null)
            }}
          >
            {children}
            <div className="scrubber-line">
              {buffered.map((range) => (
                <span key={range.startS} className="scrubber-buffered" style={span(range)} />
              ))}
              <span className="scrubber-played" style={span({ startS: 0, endS: atS })} />
              {chapters.slice(1).map(({ startS }) => (
                <span key={startS} className="scrubber-chapter" style={{ left: partOf(startS) }} />
              ))}
            </div>
            <SliderThumb className="scrubber-thumb" />
            {previewS === null || lengthS === 0 ? null : (
              <span className="scrubber-preview" style={{ left: partOf(previewS) }} aria-hidden="true">
                {chapterAt(chapters, previewS)?.title} {clock(previewS)}
              </span>
            )}
          </SliderTrack>
        )
      }}
    </Slider>
  )
}

function chapterAt(chapters: readonly Chapter[], timeS: number): Chapter | undefined {
  return chapters.findLast(({ startS }) => startS <= timeS)
}

function clock(timeS: number): string {
  return formatDuration(timeS * MS_PER_S)
}
