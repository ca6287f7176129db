import { type ReactElement, useMemo } from "react"
import * as z from "zod"

const waveformSchema = z.object({
  version: z.literal(1),
  secondsPerPeak: z.number().positive(),
  peaks: z.array(z.number().min(0).max(100)).min(1).max(4_000),
})

export type Peaks = z.infer<typeof waveformSchema>

/** @returns `null` for what is no waveform: a recording without it is none the worse. */
export function parseWaveform(raw: Uint8Array): Peaks | null {
  try {
    return waveformSchema.parse(JSON.parse(new TextDecoder().decode(raw)))
  } catch {
    return null
  }
}

const BARS = 240
const HEIGHT = 100
/** Silence is a line, not nothing. */
const LEAST = 3

/** How loud a recording is over its length; what was played already in another colour. */
export function Waveform({
  peaks,
  lengthS,
  playedPart,
}: {
  readonly peaks: Peaks
  readonly lengthS: number
  /** 0 to 1. */
  readonly playedPart: number
}): ReactElement {
  const path = useMemo(() => pathOf(peaks, lengthS), [peaks, lengthS])
  return (
    <svg className="waveform" viewBox={`0 0 ${BARS} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      <path d={path} />
      <path d={path} className="waveform-played" style={{ clipPath: `inset(0 ${(1 - playedPart) * 100}% 0 0)` }} />
    </svg>
  )
}

/** A bar for each part of the length, from the middle up and down. */
function pathOf({ peaks, secondsPerPeak }: Peaks, lengthS: number): string {
  const count = lengthS > 0 ? lengthS / secondsPerPeak : peaks.length
  const loudest = Math.max(1, ...peaks)
  return Array.from({ length: BARS }, (_, bar) => {
    const from = Math.floor((bar / BARS) * count)
    const to = Math.max(from + 1, Math.floor(((bar + 1) / BARS) * count))
    const height = Math.max(LEAST, (Math.max(0, ...peaks.slice(from, to)) / loudest) * HEIGHT)
    return `M${bar + 0.15} ${(HEIGHT - height) / 2}h.7v${height}h-.7z`
  }).join("")
}
