import { type ReactElement, type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from "react"
import { Button } from "react-aria-components"
import { strings } from "../strings.js"
import { Controls } from "./controls.js"
import type { CaptionFile, Chapter } from "../../sdk/captions.js"
import { Icon } from "./icons.js"
import { KeysSheet } from "./keys-sheet.js"
import { commandsOf } from "./player-commands.js"
import { type KeyCommands, usePlayerKeys } from "./player-keys.js"
import { Scrubber } from "./scrubber.js"
import { useCaptionTracks } from "./use-caption-tracks.js"
import type { Extras } from "./use-extras.js"
import { useIdle } from "./use-idle.js"
import { useSaid } from "./use-said.js"
import type { Playing } from "./use-playing.js"
import { Waveform } from "./waveform.js"

const MS_PER_S = 1000

/** A player with its controls. What covers it, as an alert does, takes the controls away as well. */
export function Player({
  title,
  url,
  extras,
  chapters,
  startMs,
  video,
  playing,
  onVideo,
  cover,
  mark = null,
}: {
  readonly title: string
  /** `null` while it is opened. */
  readonly url: string | null
  readonly extras: Extras
  readonly chapters: readonly Chapter[]
  /** Where it begins; another one later moves it there. */
  readonly startMs: number | null
  readonly video: HTMLVideoElement | null
  readonly playing: Playing
  readonly onVideo: (video: HTMLVideoElement | null) => void
  readonly cover: ReactNode
  /** Stands among the controls. */
  readonly mark?: ReactNode
}): ReactElement {
  const [frame, setFrame] = useState<HTMLElement | null>(null)
  const [shownCaptions, setShownCaptions] = useState<CaptionFile | null>(null)
  const [showsKeys, setShowsKeys] = useState(false)
  const [said, say] = useSaid()
  const isFull = useIsFull(frame)
  const isIdle = useIdle(frame, isFull && !playing.isPaused)
  const isCovered = cover !== null
  const captions = useMemo(() => extras.captions.filter(({ isChapters }) => !isChapters), [extras.captions])
  useCaptionTracks(video, captions, shownCaptions)
  const showCaptions = useCallback(
    (file: CaptionFile | null) => {
      setShownCaptions(file)
      say(file === null ? strings.watch.said.captionsOff : strings.watch.said.captionsOn)
    },
    [say],
  )
  const commands = useMemo((): KeyCommands | null => {
    if (video === null || frame === null || isCovered) return null
    return {
      ...commandsOf(video, frame, say),
      toggleCaptions: () => {
        const [first] = captions
        if (first !== undefined) showCaptions(shownCaptions === null ? first : null)
      },
      showKeys: () => {
        // What stands above the page is not seen while a part of it fills the screen.
        if (document.fullscreenElement !== null) document.exitFullscreen().catch(() => undefined)
        setShowsKeys(true)
      },
    }
  }, [video, frame, isCovered, say, captions, shownCaptions, showCaptions])
  usePlayerKeys(frame, commands)
  useEffect(() => {
    if (isCovered) video?.pause()
  }, [video, isCovered])
  const resume = useResume(video, startMs)
  const hasBegun = useHasBegun(video)

  const isSound = playing.hasPicture === false
  const waveform = (
    <>
      {extras.peaks === null ? null : (
        <Waveform
          peaks={extras.peaks}
          lengthS={playing.lengthS}
          playedPart={playing.lengthS === 0 ? 0 : playing.atS / playing.lengthS}
        />
      )}
    </>
  )
  return (
    <section
      ref={setFrame}
      className="player"
      aria-label={strings.watch.player(title)}
      tabIndex={-1}
      data-full={isFull || undefined}
      data-idle={isIdle || undefined}
    >
      <div className="player-stage" data-sound={isSound || undefined}>
        <video
          ref={onVideo}
          src={url ?? undefined}
          poster={extras.posterUrl ?? undefined}
          preload="metadata"
          playsInline
          onLoadedMetadata={resume}
          onClick={() => {
            commands?.togglePlay()
            frame?.focus({ preventScroll: true })
          }}
          onDoubleClick={() => commands?.toggleFullScreen()}
        />
        {isSound ? (
          <div className="player-sound">
            <p>{title}</p>
            {waveform}
          </div>
        ) : null}
        {!isCovered && playing.isPaused && !hasBegun && url !== null ? (
          <Button
            className="player-begin"
            aria-label={strings.watch.controls.begin}
            isDisabled={commands === null}
            onPress={() => {
              commands?.togglePlay()
              frame?.focus({ preventScroll: true })
            }}
          >
            <Icon name="play" />
          </Button>
        ) : null}
        {!isCovered && (url === null || playing.isWaiting) ? <span className="spinner player-waits" /> : null}
        {said === null ? null : (
          <span className="player-said" aria-hidden="true">
            {said}
          </span>
        )}
        {cover}
      </div>
      <span role="status" className="visually-hidden">
        {said ?? (playing.isWaiting ? strings.watch.waiting : "")}
      </span>
      <div className="player-controls">
        <Scrubber
          playing={playing}
          chapters={chapters}
          isOff={commands === null}
          onSeek={(timeS) => commands?.seekTo(timeS)}
        >
          {isSound ? null : waveform}
        </Scrubber>
        <Controls
          playing={playing}
          commands={commands}
          captions={captions}
          shownCaptions={shownCaptions}
          onShowCaptions={showCaptions}
          isFull={isFull}
          mark={mark}
        />
      </div>
      <KeysSheet
        isOpen={showsKeys}
        onClose={() => {
          setShowsKeys(false)
        }}
      />
    </section>
  )
}

/** @returns what is to be done once a player knows its length: it goes to where it should begin, or was before it was loaded anew. */
function useResume(video: HTMLVideoElement | null, startMs: number | null): () => void {
  const wantedS = useRef(0)
  useEffect(() => {
    if (startMs === null) return
    wantedS.current = startMs / MS_PER_S
    if (video !== null && video.readyState >= video.HAVE_METADATA) video.currentTime = wantedS.current
  }, [video, startMs])
  useEffect(() => {
    if (video === null) return
    const remember = (): void => {
      if (!video.seeking && video.readyState >= video.HAVE_METADATA) wantedS.current = video.currentTime
    }
    video.addEventListener("timeupdate", remember)
    return () => {
      video.removeEventListener("timeupdate", remember)
    }
  }, [video])
  return () => {
    if (video !== null && wantedS.current > 0) video.currentTime = wantedS.current
  }
}

/** Whether a player played since it was there. */
function useHasBegun(video: HTMLVideoElement | null): boolean {
  const [hasBegun, setHasBegun] = useState(false)
  useEffect(() => {
    if (video === null) return
    const begin = (): void => {
      setHasBegun(true)
    }
    video.addEventListener("playing", begin)
    return () => {
      video.removeEventListener("playing", begin)
    }
  }, [video])
  return hasBegun
}

function useIsFull(frame: HTMLElement | null): boolean {
  const [isFull, setIsFull] = useState(false)
  useEffect(() => {
    const look = (): void => {
      setIsFull(frame !== null && document.fullscreenElement === frame)
    }
    document.addEventListener("fullscreenchange", look)
    return () => {
      document.removeEventListener("fullscreenchange", look)
    }
  }, [frame])
  return isFull
}
