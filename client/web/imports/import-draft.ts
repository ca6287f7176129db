import { parseOffset } from "../../sdk/imports/chat-clock.js"
import type { ReadyImport } from "../../sdk/imports/ready.js"
import { formatOffset } from "../../sdk/imports/chat-clock.js"

/** A recording to be imported, as somebody changes it. */
export interface ImportDraft {
  readonly ready: ReadyImport
  readonly isIncluded: boolean
  readonly title: string
  /** What is added to its chat's times, as a person writes it; "" where nothing is. */
  readonly offset: string
}

export function isReady(draft: ImportDraft): boolean {
  return draft.title.trim() !== "" && isOffset(draft.offset)
}

export function isOffset(offset: string): boolean {
  return offset.trim() === "" || parseOffset(offset.trim()) !== null
}

/** With the title and the clock that a person gave it; a clock that nobody changed is as it was worked out. */
export function withClock({ ready, title, offset }: ImportDraft): ReadyImport {
  const { clock } = ready.beside
  const wasWorkedOut = clock !== null && offset.trim() === formatOffset(0 - clock.startMs)
  const offsetMs = parseOffset(offset.trim())
  const given = offsetMs === null ? null : ({ basis: "given", startMs: 0 - offsetMs } as const)
  return { ...ready, title: title.trim(), beside: { ...ready.beside, clock: wasWorkedOut ? clock : given } }
}
