import { aheadS, isOpen, updated } from "../playback/media-source.js"
import type { Failures } from "../playback/played.js"
import type { CaptureInit, EntryPoint } from "./capture-scan.js"
import type { LiveFeed } from "./live-feed.js"

/** What is kept before and behind the place that is shown; the rest is fetched again when it is wanted. */
const AHEAD_S = 30
const BEHIND_S = 60
/** Kept where the browser has no more room. */
const LEAST_BEHIND_S = 5
/** How often it is looked whether the player took some, and how long the capture is by now. */
const LOOK_MS = 250
/** A hole that is skipped, where nothing comes that would fill it. */
const HOLE_S = 5

export interface LivePlayback {
  /** For `<video>`. */
  readonly url: string
  /** Where it begins. */
  readonly startS: number
  close(): void
}

/** Whether this browser takes what a capture is made of. */
export function isPlayable({ type }: CaptureInit): boolean {
  return "MediaSource" in globalThis && MediaSource.isTypeSupported(type)
}

/** Plays a capture while it grows: from a place on, and from any other one that somebody seeks to. What goes wrong is reported; that the capture ended is no failure. */
export function playLive(feed: LiveFeed, init: CaptureInit, start: EntryPoint, failures: Failures): LivePlayback {
  const source = new MediaSource()
  const url = URL.createObjectURL(source)
  const closing = new AbortController()
  source.addEventListener(
    "sourceopen",
    () => {
      follow(source, url, feed, init, start, failures, closing.signal)
    },
    { once: true },
  )
  return {
    url,
    startS: start.timeS,
    close: () => {
      closing.abort()
      URL.revokeObjectURL(url)
    },
  }
}

function follow(
  source: MediaSource,
  url: string,
  feed: LiveFeed,
  init: CaptureInit,
  start: EntryPoint,
  failures: Failures,
  closing: AbortSignal,
): void {
  const buffer = source.addSourceBuffer(init.type)
  const media = [...document.querySelectorAll("video")].find((found) => found.src === url)
  const nowS = (): number => media?.currentTime ?? 0
  let turn = new AbortController()
  /** From when on what is appended follows without a gap. */
  let fromS = start.timeS
  /** One after another: what is under way is let go first. */
  let before: Promise<void> = Promise.resolve()

  const grow = (): void => {
    if (isOpen(source) && !buffer.updating && !(source.duration >= feed.edgeS)) source.duration = feed.edgeS
  }
  const append = async (bytes: Uint8Array<ArrayBuffer>, signal: AbortSignal): Promise<void> => {
    while (aheadS(buffer, nowS()) > AHEAD_S) await pause(signal)
    signal.throwIfAborted()
    if (bytes.length === 0) return
    await forgetBefore(buffer, nowS() - BEHIND_S)
    while (!addTo(buffer, bytes)) {
      await forgetBefore(buffer, nowS() - LEAST_BEHIND_S)
      await pause(signal)
    }
    await updated(buffer)
    grow()
  }
  const show = async (point: EntryPoint, signal: AbortSignal): Promise<void> => {
    if (isOpen(source)) buffer.abort()
    grow()
    buffer.remove(0, Infinity)
    await updated(buffer)
    fromS = point.timeS
    await append(init.bytes, signal)
    const appendHere = async (bytes: Uint8Array<ArrayBuffer>): Promise<void> => {
      await append(bytes, signal)
    }
    await feed.run(point, appendHere, signal)
    if (isOpen(source)) source.endOfStream()
  }
  const begin = (find: (signal: AbortSignal) => Promise<EntryPoint>): void => {
    turn.abort()
    turn = new AbortController()
    const signal = AbortSignal.any([turn.signal, closing])
    before = before
      .then(async () => {
        if (!signal.aborted) await show(await find(signal), signal)
      })
      .catch((error: unknown) => {
        if (!signal.aborted) failures.report(error)
      })
  }
  const isOnItsWay = (atS: number): boolean => atS >= fromS && atS <= Math.max(fromS, endOf(buffer)) + AHEAD_S
  media?.addEventListener(
    "seeking",
    () => {
      const atS = nowS()
      if (aheadS(buffer, atS) === 0 && !isOnItsWay(atS)) {
        fromS = atS
        begin(async (signal) => await feed.pointAt(atS, signal))
      }
    },
    { signal: closing },
  )
  const looking = setInterval(() => {
    grow()
    if (media !== undefined) skipHole(media)
  }, LOOK_MS)
  closing.addEventListener("abort", () => {
    clearInterval(looking)
  })
  begin(() => Promise.resolve(start))
}

function endOf({ buffered }: SourceBuffer): number {
  return buffered.length === 0 ? 0 : buffered.end(buffered.length - 1)
}

/** @returns false where the browser has no room for it now. */
function addTo(buffer: SourceBuffer, bytes: Uint8Array<ArrayBuffer>): boolean {
  try {
    buffer.appendBuffer(bytes)
    return true
  } catch (error) {
    if (error instanceof DOMException && error.name === "QuotaExceededError") return false
    throw error
  }
}

async function forgetBefore(buffer: SourceBuffer, timeS: number): Promise<void> {
  if (buffer.buffered.length === 0 || buffer.buffered.start(0) > timeS - LEAST_BEHIND_S) return
  buffer.remove(0, timeS)
  await updated(buffer)
}

/** A player would stand before it for ever. */
function skipHole(media: HTMLMediaElement): void {
  const { buffered, currentTime, paused, readyState } = media
  if (paused || readyState >= media.HAVE_FUTURE_DATA || aheadS(media, currentTime) > 0) return
  for (let index = 0; index < buffered.length; index++) {
    const startS = buffered.start(index)
    if (startS > currentTime && startS - currentTime < HOLE_S) {
      media.currentTime = startS
      return
    }
  }
}

async function pause(signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
}
