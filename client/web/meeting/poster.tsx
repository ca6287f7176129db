import { type ReactElement, useEffect } from "react"
import type { MeetingLog, PublishedRecording } from "../../crypto/meeting-log.js"
import { openRecordingOf, readAsset } from "../../sdk/recordings.js"
import { useClient } from "../signed-in/client-context.js"
import { useLoaded } from "../ui/use-loaded.js"

/** A picture larger than this is none that stands for a recording. */
const LARGEST_BYTES = 4 * 1024 * 1024

/** Drawn on 24 by 24. */
const GLYPHS = {
  video: "M4 6h11v12H4zM15 10.5l5-3v9l-5-3z",
  audio: "M5 10v4M9 7v10M13 9v6M17 5v14M21 10v4",
  file: "M6 3h8l4 4v14H6zM14 3v4h4",
} as const

/** A recording's picture, opened here; a sign for its kind where it has none. */
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
  return (
    <div className="poster">
      {picture.value === null ? (
        <Glyph mediaType={recording.opened?.assets[0]?.mediaType ?? ""} />
      ) : (
        <img src={picture.value} alt="" />
      )}
    </div>
  )
}

function Glyph({ mediaType }: { readonly mediaType: string }): ReactElement {
  const kind = mediaType.startsWith("video/") ? "video" : mediaType.startsWith("audio/") ? "audio" : "file"
  return (
    <svg className="poster-glyph" aria-hidden="true" viewBox="0 0 24 24">
      <path d={GLYPHS[kind]} />
    </svg>
  )
}
