import { type ReactElement, useCallback } from "react"
import { Meter } from "react-aria-components"
import { strings } from "../strings.js"
import type { Sources } from "./sources.js"
import { useEvery } from "./use-every.js"

const LOOK_MS = 100
/** For whom movement is too much. */
const CALM_MS = 1_000
/** Said and shown in steps, so that neither eyes nor ears are kept busy by it. */
const STEPS = 20

/** How loud the microphone is, so that somebody sees that it is heard. */
export function LevelMeter({ sources }: { readonly sources: Sources }): ReactElement {
  const read = useCallback(() => Math.round(sources.level() * STEPS) / STEPS, [sources])
  const level = useEvery(read, matchMedia("(prefers-reduced-motion: reduce)").matches ? CALM_MS : LOOK_MS)
  return (
    <Meter aria-label={strings.record.level} value={level} maxValue={1} className="level">
      <span style={{ inlineSize: `${(level * 100).toFixed(0)}%` }} />
    </Meter>
  )
}
