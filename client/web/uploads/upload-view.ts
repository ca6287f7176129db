import type { MeetingId, RecordingId } from "../../../shared/protocol/ids.js"
import type { UploadProgress } from "../../sdk/upload/progress.js"
import type { Speed } from "./speed-meter.js"

/** An upload as screens show it. */
export interface UploadView {
  readonly id: string
  readonly meetingId: MeetingId
  readonly title: string
  /** `null` for what is saved of a capture. */
  readonly file: { readonly name: string; readonly sizeBytes: number } | null
  readonly state: UploadState
  /** Whether another file was chosen than the one that was begun with. */
  readonly beganAnew: boolean
}

export type UploadState =
  /** Others are sent first. */
  | { readonly kind: "waiting" }
  /** What there is of a capture is fetched and verified. */
  | { readonly kind: "recovering"; readonly fraction: number }
  | { readonly kind: "preparing"; readonly fraction: number }
  | {
      readonly kind: "sending"
      /** `null` until the server was asked how far it is. */
      readonly progress: UploadProgress | null
      readonly speed: Speed | null
      /** What it waits for, such as the network; `null` while it goes on. */
      readonly obstacle: unknown
    }
  | { readonly kind: "paused" }
  /** The browser does not have the file any more: somebody has to choose it again. */
  | { readonly kind: "needs-file" }
  | { readonly kind: "cancelling" }
  | { readonly kind: "failed"; readonly error: unknown }
  | { readonly kind: "done"; readonly recordingId: RecordingId }

/** Whether closing the page would stop it. */
export function isUnderWay({ state }: UploadView): boolean {
  return ["waiting", "recovering", "preparing", "sending"].includes(state.kind)
}
