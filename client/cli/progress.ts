import type { UploadOptions } from "../sdk/upload/upload-recording.js"
import type { CommandContext } from "./context.js"
import { formatDuration, formatSize } from "./output.js"

const REPEAT_MS = 100

/** Shows how an upload goes: what was sent, how fast, how long still, and what it waits for. */
export function reportUpload(context: CommandContext, name: string): UploadOptions {
  const meter = createMeter()
  return {
    signal: context.signal,
    onProgress: ({ phase, sentBytes, storedBytes, totalBytes }) => {
      if (phase === "sending") {
        const line = meter(sentBytes, totalBytes)
        if (line !== null) context.output.progress(`${name}: sent ${line}`)
      } else if (phase === "storing")
        context.output.progress(
          `${name}: all sent, stored ${formatSize(storedBytes)}${totalBytes === null ? "" : ` of ${formatSize(totalBytes)}`}`,
        )
      else context.output.progress(`${name}: publishing`)
    },
    onWait: (error, waitMs) => {
      context.output.progress(`${name}: waiting ${Math.ceil(waitMs / 1_000)} s, ${error.message}`)
    },
  }
}

/** Bytes, speed and time left as one line, at most ten times a second; `null` in between. */
export function createMeter(): (doneBytes: number, totalBytes: number | null) => string | null {
  const started = performance.now()
  let firstBytes: number | null = null
  let shownAt = -Infinity
  return (doneBytes, totalBytes) => {
    firstBytes ??= doneBytes
    const now = performance.now()
    if (now - shownAt < REPEAT_MS && doneBytes !== totalBytes) return null
    shownAt = now
    const perSecond = (doneBytes - firstBytes) / Math.max(0.001, (now - started) / 1_000)
    const speed = perSecond > 0 ? `, ${formatSize(Math.round(perSecond))}/s` : ""
    if (totalBytes === null) return `${formatSize(doneBytes)}${speed}`
    const left = perSecond > 0 ? `, ${formatDuration((totalBytes - doneBytes) / perSecond)} left` : ""
    return `${formatSize(doneBytes)} of ${formatSize(totalBytes)} (${Math.floor((doneBytes / totalBytes) * 100)} %)${speed}${left}`
  }
}
