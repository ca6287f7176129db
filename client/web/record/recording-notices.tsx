import { lazy, type ReactElement, Suspense, useEffect } from "react"
import { equalBytes } from "../../../shared/protocol/bytes.js"
import { hrefOf, useRoute } from "../routes.js"
import { useRecordingManager, useRecordings } from "./recordings-context.js"

const RunningBar = lazy(async () => ({ default: (await import("./running-bar.js")).RunningBar }))
const CaptureList = lazy(async () => ({ default: (await import("./capture-list.js")).CaptureList }))

/** Above every screen but the recorder's own: that something is recorded, and what is left to be done about what was. */
export function RecordingNotices(): ReactElement | null {
  const manager = useRecordingManager()
  const { running, captures } = useRecordings()
  const route = useRoute()
  const watched = captures.find(
    ({ state }) =>
      state.kind === "done" && route.screen === "recording" && equalBytes(state.recordingId, route.recordingId),
  )
  useEffect(() => {
    // Whoever watches it knows that it is there.
    if (watched !== undefined) manager.dismiss(watched.id)
  }, [manager, watched])
  const isShownBelow = (meetingId: Uint8Array): boolean =>
    route.screen === "record" && equalBytes(route.meetingId, meetingId)
  const isBar = running !== null && !isShownBelow(running.meetingId)
  const isList = captures.some(({ meetingId }) => !isShownBelow(meetingId))
  if (!isBar && !isList) return null
  return (
    <Suspense fallback={null}>
      <aside className="above">
        {isBar ? (
          <RunningBar running={running} href={hrefOf({ screen: "record", meetingId: running.meetingId })} />
        ) : null}
        {isList && route.screen !== "record" ? <CaptureList /> : null}
      </aside>
    </Suspense>
  )
}
