import { useCallback, useEffect, useState } from "react"
import { toHex } from "../../../shared/protocol/bytes.js"
import type { OpenRecording } from "../../sdk/recordings.js"
import { openPlayback } from "../playback/open-playback.js"
import { useClient } from "../signed-in/client-context.js"

interface Opened {
  /** `null` until it is open. */
  readonly url: string | null
  /** What ended it, or kept it from being opened. */
  readonly error: unknown
}

const NOTHING: Opened = { url: null, error: null }

/** A recording's media, opened to be played while a screen shows it. */
export function usePlayback(recording: OpenRecording): Opened & { readonly retry: () => void } {
  const client = useClient()
  const [opened, setOpened] = useState(NOTHING)
  const [turn, setTurn] = useState(0)
  const key = toHex(recording.media.header.assetId)
  useEffect(() => {
    let isShown = true
    let close = (): void => undefined
    setOpened(NOTHING)
    const fail = (error: unknown): void => {
      if (isShown) setOpened((before) => ({ ...before, error }))
    }
    openPlayback(client, recording, recording.media).then((playback) => {
      if (!isShown) {
        playback.close()
        return
      }
      close = () => {
        playback.close()
      }
      setOpened({ url: playback.url, error: null })
      playback.onFailure(fail)
    }, fail)
    return () => {
      isShown = false
      close()
    }
    // A newer log of the same recording has the same media.
  }, [client, key, turn])
  const retry = useCallback(() => {
    setTurn((count) => count + 1)
  }, [])
  return { ...opened, retry }
}
