import { strings } from "../strings.js"

/** What can be done with a player, by a press or by a key. Each says what it did, where that is not seen at once. */
export interface PlayerCommands {
  togglePlay(): void
  seekTo(timeS: number): void
  seekBy(changeS: number): void
  /** @param part of the whole length, 0 to 1. */
  seekToPart(part: number): void
  setVolume(volume: number): void
  changeVolume(change: number): void
  toggleMute(): void
  setRate(rate: number): void
  /** To the next slower or faster one. */
  changeRate(direction: 1 | -1): void
  toggleFullScreen(): void
  togglePictureInPicture(): void
}

export const RATES = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.5, 3] as const
const WHOLE_PERCENT = 100

/** @param frame what fills the screen: the picture with its controls. */
export function commandsOf(video: HTMLVideoElement, frame: HTMLElement, say: (said: string) => void): PlayerCommands {
  const texts = strings.watch.said
  const lengthS = (): number => (Number.isFinite(video.duration) ? video.duration : 0)
  const seekTo = (timeS: number): void => {
    video.currentTime = Math.min(Math.max(0, timeS), lengthS())
  }
  const setVolume = (volume: number): void => {
    video.volume = Math.min(Math.max(0, volume), 1)
    video.muted = video.volume === 0
    say(texts.volume(Math.round(video.volume * WHOLE_PERCENT)))
  }
  const setRate = (rate: number): void => {
    video.playbackRate = rate
    say(texts.rate(rate))
  }
  const refused = (): void => {
    say(texts.refused)
  }
  return {
    togglePlay: () => {
      if (video.paused || video.ended) video.play().catch(() => undefined)
      else video.pause()
    },
    seekTo,
    seekBy: (changeS) => {
      seekTo(video.currentTime + changeS)
      say(texts.moved(changeS))
    },
    seekToPart: (part) => {
      seekTo(lengthS() * part)
    },
    setVolume,
    changeVolume: (change) => {
      // Louder than nothing begins where it was left.
      setVolume((video.muted ? 0 : video.volume) + change)
    },
    toggleMute: () => {
      video.muted = !video.muted
      say(video.muted ? texts.muted : texts.heard)
    },
    setRate,
    changeRate: (direction) => {
      const others = RATES.filter((rate) => (rate - video.playbackRate) * direction > 0)
      const next = direction === 1 ? others[0] : others.at(-1)
      if (next !== undefined) setRate(next)
    },
    toggleFullScreen: () => {
      const done = document.fullscreenElement === null ? frame.requestFullscreen() : document.exitFullscreen()
      done.catch(refused)
    },
    togglePictureInPicture: () => {
      const done =
        document.pictureInPictureElement === null ? video.requestPictureInPicture() : document.exitPictureInPicture()
      done.catch(refused)
    },
  }
}
