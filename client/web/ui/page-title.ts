import icon from "../icon.svg"
import recordingIcon from "../icon-recording.svg"
import { strings } from "../strings.js"

/** What stands in the browser's tab: never the title of anything, which browsers keep in their history. */

let isRecording = false

export function showPageTitle(): void {
  document.title = isRecording ? strings.record.pageTitle(strings.app.name) : strings.app.name
}

/** Marks the tab while something is recorded in it. */
export function markPage(isRecordingNow: boolean): void {
  if (isRecordingNow === isRecording) return
  isRecording = isRecordingNow
  showPageTitle()
  document.querySelector("link[rel=icon]")?.setAttribute("href", isRecording ? recordingIcon : icon)
}
