import { isArchiveError } from "../../../shared/protocol/errors.js"
import { errorTexts, strings } from "../strings.js"
import { formatBytes, formatTimeLeft } from "../ui/format.js"
import type { UploadState } from "./upload-view.js"

const { uploads } = strings

/** What an upload does, without figures: said aloud when it changes. */
export function stateLabel(state: UploadState): string {
  if (state.kind !== "sending") return uploads.states[state.kind]
  if (state.obstacle !== null) return obstacleText(state.obstacle)
  return uploads.states[state.progress?.phase ?? "sending"]
}

/** The line below an upload's bar. */
export function stateText(state: UploadState): string {
  switch (state.kind) {
    case "recovering":
      return uploads.recoveringNow(formatShare(state.fraction))
    case "preparing":
      return uploads.preparingNow(formatShare(state.fraction))
    case "sending": {
      const { progress, speed, obstacle } = state
      if (obstacle !== null) return `${obstacleText(obstacle)} …`
      if (progress === null) return uploads.connecting
      if (progress.phase === "publishing") return `${stateLabel(state)} …`
      const { sentBytes, storedBytes, totalBytes } = progress
      const parts = [uploads.sent(formatBytes(sentBytes), formatBytes(totalBytes ?? 0))]
      if (storedBytes > 0) parts.push(uploads.stored(formatBytes(storedBytes)))
      if (progress.phase === "sending" && speed !== null)
        parts.push(uploads.speed(formatBytes(speed.bytesPerSecond)), uploads.left(formatTimeLeft(speed.leftMs)))
      return parts.join(" · ")
    }
    case "done":
      return uploads.done
    default:
      return stateLabel(state)
  }
}

/** How much of it is done, 0 to 1; `null` where that can't be said. */
export function shareDone(state: UploadState): number | null {
  if (state.kind === "recovering" || state.kind === "preparing") return state.fraction
  if (state.kind !== "sending" || state.progress === null) return null
  const { sentBytes, totalBytes } = state.progress
  return totalBytes === null ? null : sentBytes / totalBytes
}

function obstacleText(obstacle: unknown): string {
  const code = isArchiveError(obstacle) ? obstacle.code : "internal"
  return code === "unavailable" || code === "timeout" ? uploads.states.offline : errorTexts[code].what
}

function formatShare(share: number): string {
  return new Intl.NumberFormat(undefined, { style: "percent" }).format(share)
}
