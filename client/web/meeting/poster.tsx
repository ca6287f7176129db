import { type ReactElement, useEffect } from "react"
import type { MeetingLog, PublishedRecording } from "../../crypto/meeting-log.js"
import { openRecordingOf, readAsset } from "../../sdk/recordings.js"
import { useClient } from "../signed-in/client-context.js"
import { useLoaded } from "../ui/use-loaded.js"

/** A picture larger than this is none that stands for a recording. */
const LARGEST_BYTES = 4 * 1024 * 1024

/** A recording's picture, opened here; an empty frame where it has none. */
export function Poster({
  log,
  recording,
  isKept,
}: {
  readonly log: MeetingLog
  readonly recording: PublishedRecording
  readonly isKept: boolean
}): ReactElement {
  const client = useClient()
  const key = recording.fields.recordingId.join()
  const picture = useLoaded(
    async (signal) => {
      const asset = recording.opened?.assets.find(({ role }) => role === "poster")
      if (!isKept || asset === undefined || asset.trueBytes > LARGEST_BYTES || asset.trueBytes === 0) return null
      const reader = readAsset(client, openRecordingOf(client, log, recording), asset)
      const parts: Uint8Array<ArrayBuffer>[] = []
      for await (const part of reader.read(0, reader.sizeBytes - 1, signal)) parts.push(new Uint8Array(part))
      return URL.createObjectURL(new Blob(parts, { type: asset.mediaType }))
    },
    [client, key, isKept],
  )
  useEffect(() => {
    const url = picture.value
    return () => {
      if (url !== null) URL.revokeObjectURL(url)
    }
  }, [picture.value])
  return <div className="poster">{picture.value === null ? null : <img src={picture.value} alt="" />}</div>
}
