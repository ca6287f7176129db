import type { MeetingId, RecordingId } from "../../../shared/protocol/ids.js"
import type { UploadProgress } from "../../sdk/upload/progress.js"

/** Something that was recorded here, until it is published. */
export interface CaptureView {
  readonly id: string
  readonly meetingId: MeetingId
  readonly title: string
  /** What is kept of it on this device. */
  readonly keptMs: number
  readonly state: CaptureStage
}

export type CaptureStage =
  /** Its page ended while it was recorded: somebody has to say what becomes of it. */
  | { readonly kind: "left" }
  /** Something is still recorded, or another is finished first. */
  | { readonly kind: "waiting" }
  /** What is kept is sent, to its end. */
  | { readonly kind: "ending"; readonly obstacle: unknown }
  | { readonly kind: "preparing"; readonly fraction: number }
  | { readonly kind: "sending"; readonly progress: UploadProgress | null; readonly obstacle: unknown }
  | { readonly kind: "failed"; readonly error: unknown }
  | { readonly kind: "discarding" }
  | { readonly kind: "done"; readonly recordingId: RecordingId }
  /** There was nothing in it, or it was discarded. */
  | { readonly kind: "gone" }

/** Whether closing the page would stop it. */
export function isUnderWay({ state }: CaptureView): boolean {
  return ["waiting", "ending", "preparing", "sending", "discarding"].includes(state.kind)
}
