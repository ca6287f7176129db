import { useEffect, useState } from "react"
import { toHex } from "../../../shared/protocol/bytes.js"
import type { OpenedAsset } from "../../crypto/recording-event.js"
import type { Client } from "../../sdk/client.js"
import type { OpenRecording } from "../../sdk/recordings.js"
import { shownType } from "../playback/play-head.js"
import { useClient } from "../signed-in/client-context.js"
import { type CaptionFile, parseCaptions } from "../../sdk/captions.js"
import { readWhole } from "../../sdk/reader/read-whole.js"
import { parseWaveform, type Peaks } from "./waveform.js"

/** What goes along with a recording. Each comes when it is there; a recording without them is none the worse. */
export interface Extras {
  readonly posterUrl: string | null
  readonly peaks: Peaks | null
  readonly captions: readonly CaptionFile[]
  /** Why some of it is not shown. */
  readonly failures: readonly unknown[]
}

const NOTHING: Extras = { posterUrl: null, peaks: null, captions: [], failures: [] }

export function useExtras(recording: OpenRecording): Extras {
  const client = useClient()
  const [extras, setExtras] = useState(NOTHING)
  const key = toHex(recording.media.header.assetId)
  useEffect(() => {
    const stopped = new AbortController()
    const urls: string[] = []
    setExtras(NOTHING)
    for (const asset of recording.assets)
      extraOf(client, recording, asset, urls, stopped.signal).then(
        (add) => {
          if (!stopped.signal.aborted) setExtras(add)
        },
        (error: unknown) => {
          if (!stopped.signal.aborted) setExtras((before) => ({ ...before, failures: [...before.failures, error] }))
        },
      )
    return () => {
      stopped.abort()
      for (const url of urls) URL.revokeObjectURL(url)
    }
    // A newer log of the same recording has the same assets.
  }, [client, key])
  return extras
}

async function extraOf(
  client: Client,
  recording: OpenRecording,
  asset: OpenedAsset,
  urls: string[],
  signal: AbortSignal,
): Promise<(before: Extras) => Extras> {
  // An import's record is read with the chat.
  if (asset.role === "media" || asset.role === "import") return (before) => before
  const bytes = await readWhole(client, recording, asset, signal)
  switch (asset.role) {
    case "poster": {
      const posterUrl = URL.createObjectURL(new Blob([bytes], { type: shownType(asset.mediaType) }))
      urls.push(posterUrl)
      return (before) => ({ ...before, posterUrl })
    }
    case "waveform": {
      const peaks = parseWaveform(bytes)
      return (before) => ({ ...before, peaks })
    }
    case "captions": {
      const file = parseCaptions(bytes)
      return (before) => ({ ...before, captions: [...before.captions, file] })
    }
  }
}
