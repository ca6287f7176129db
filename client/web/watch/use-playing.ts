import { useEffect, useState } from "react"

/** Times in seconds, as players count. */
export interface Playing {
  readonly isPaused: boolean
  /** It wants to play, and lacks the bytes. */
  readonly isWaiting: boolean
  readonly atS: number
  /** 0 until it is known. */
  readonly lengthS: number
  readonly buffered: readonly { readonly startS: number; readonly endS: number }[]
  /** 0 to 1. */
  readonly volume: number
  readonly isMuted: boolean
  readonly rate: number
  /** Whether there is a picture; `null` until that is known. */
  readonly hasPicture: boolean | null
  readonly isInPicture: boolean
  /** The browser's own code of what went wrong, as `MediaError` has it. */
  readonly errorCode: number | null
}

const EVENTS = [
  "play",
  "playing",
  "pause",
  "ended",
  "waiting",
  "seeking",
  "seeked",
  "timeupdate",
  "progress",
  "loadedmetadata",
  "durationchange",
  "volumechange",
  "ratechange",
  "emptied",
  "error",
  "enterpictureinpicture",
  "leavepictureinpicture",
] as const

const NOTHING: Playing = {
  isPaused: true,
  isWaiting: false,
  atS: 0,
  lengthS: 0,
  buffered: [],
  volume: 1,
  isMuted: false,
  rate: 1,
  hasPicture: null,
  isInPicture: false,
  errorCode: null,
}

/** What a player does, followed. */
export function usePlaying(video: HTMLVideoElement | null): Playing {
  const [playing, setPlaying] = useState(NOTHING)
  useEffect(() => {
    if (video === null) return
    const look = (): void => {
      setPlaying(playingOf(video))
    }
    look()
    for (const name of EVENTS) video.addEventListener(name, look)
    return () => {
      for (const name of EVENTS) video.removeEventListener(name, look)
    }
  }, [video])
  return playing
}

function playingOf(video: HTMLVideoElement): Playing {
  const { buffered } = video
  return {
    isPaused: video.paused || video.ended,
    isWaiting: !video.paused && !video.ended && video.readyState < video.HAVE_FUTURE_DATA,
    atS: video.currentTime,
    lengthS: Number.isFinite(video.duration) ? video.duration : 0,
    buffered: Array.from({ length: buffered.length }, (_, index) => ({
      startS: buffered.start(index),
      endS: buffered.end(index),
    })),
    volume: video.volume,
    isMuted: video.muted || video.volume === 0,
    rate: video.playbackRate,
    hasPicture: video.readyState < video.HAVE_METADATA ? null : video.videoWidth > 0,
    isInPicture: document.pictureInPictureElement === video,
    errorCode: video.error?.code ?? null,
  }
}
