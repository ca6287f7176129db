import { useEffect, useRef } from "react"
import type { CaptionFile } from "../../sdk/captions.js"

/** Shows one of the captions in a player; `null` shows none. Cues that are made here need no address, which the page's policy would have to allow. */
export function useCaptionTracks(
  video: HTMLVideoElement | null,
  files: readonly CaptionFile[],
  shown: CaptionFile | null,
): void {
  // A track can't be taken out of a player again.
  const tracks = useRef(new Map<CaptionFile, TextTrack>())
  useEffect(() => {
    if (video === null) return
    for (const file of files) {
      const known = tracks.current.get(file)
      const track = known ?? video.addTextTrack("captions", "", file.language ?? "")
      if (known === undefined) {
        tracks.current.set(file, track)
        for (const { startS, endS, text } of file.cues) track.addCue(new VTTCue(startS, endS, text))
      }
      track.mode = file === shown ? "showing" : "hidden"
    }
  }, [video, files, shown])
}
