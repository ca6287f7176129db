import { isArchiveError } from "../../../shared/protocol/errors.js"
import { errorTexts, strings } from "../strings.js"
import { formatBytes } from "../ui/format.js"
import type { CaptureStage } from "./capture-view.js"

const texts = strings.record.captures

/** What becomes of it, without figures: said aloud when it changes. */
export function stageLabel(state: CaptureStage): string {
  if ("obstacle" in state && state.obstacle !== null) return obstacleText(state.obstacle)
  if (state.kind !== "sending") return texts.states[state.kind]
  return texts.states[state.progress?.phase ?? "sending"]
}

/** The line below its bar. */
export function stageText(state: CaptureStage): string {
  const label = stageLabel(state)
  if (state.kind === "preparing") return `${label}: ${formatShare(state.fraction)}`
  if (state.kind === "sending" && state.progress?.phase === "sending" && state.obstacle === null) {
    const { sentBytes, totalBytes } = state.progress
    return `${label}: ${strings.uploads.sent(formatBytes(sentBytes), formatBytes(totalBytes ?? 0))}`
  }
  return state.kind === "done" || state.kind === "gone" ? label : `${label} …`
}

/** How much of the whole is done, 0 to 1; `null` where nothing goes on. */
export function stageShare(state: CaptureStage): number | null {
  switch (state.kind) {
    case "waiting":
    case "ending":
      return 0
    case "preparing":
      return PREPARED_SHARE * state.fraction
    case "sending": {
      const { sentBytes = 0, totalBytes = null } = state.progress ?? {}
      const sent = totalBytes === null || totalBytes === 0 ? 0 : sentBytes / totalBytes
      return PREPARED_SHARE + (1 - PREPARED_SHARE) * sent
    }
    default:
      return null
  }
}

/** Of the bar: reading it all and writing it again takes about as long as sending on a fast line. */
const PREPARED_SHARE = 0.5

function obstacleText(obstacle: unknown): string {
  const code = isArchiveError(obstacle) ? obstacle.code : "internal"
  return code === "unavailable" || code === "timeout" ? texts.states.offline : errorTexts[code].what
}

function formatShare(share: number): string {
  return new Intl.NumberFormat(undefined, { style: "percent" }).format(share)
}
