import { ArchiveError } from "../../../shared/protocol/errors.js"
import type { MediaFeed } from "./media-feed.js"
import type { Failures } from "./played.js"

/** What is kept before and behind the place that is shown; the rest is fetched again when it is wanted. */
const AHEAD_S = 20
const BEHIND_S = 20
/** How often it is seen after whether the player took some. */
const LOOK_MS = 250

/** Plays a feed by Media Source Extensions. @returns its address, and what ends it. */
export function playBySource(feed: MediaFeed, failures: Failures): { readonly url: string; close(): void } {
  const source = new MediaSource()
  const url = URL.createObjectURL(source)
  const closing = new AbortController()
  source.addEventListener(
    "sourceopen",
    () => {
      source.duration = feed.durationS
      follow(source, source.addSourceBuffer(feed.type), url, feed, failures, closing.signal)
    },
    { once: true },
  )
  return {
    url,
    close: () => {
      closing.abort()
      URL.revokeObjectURL(url)
    },
  }
}

/** Feeds what is shown and what follows, and begins elsewhere when the person seeks to what is not there. */
function follow(
  source: MediaSource,
  buffer: SourceBuffer,
  url: string,
  feed: MediaFeed,
  failures: Failures,
  closing: AbortSignal,
): void {
  const element = [...document.querySelectorAll("video, audio")].find(
    (found): found is HTMLMediaElement => found instanceof HTMLMediaElement && found.src === url,
  )
  const nowS = (): number => element?.currentTime ?? 0
  let turn = new AbortController()
  /** One after another: what is under way is let go first. */
  let before: Promise<void> = Promise.resolve()

  const append = async (bytes: Uint8Array<ArrayBuffer>, signal: AbortSignal): Promise<void> => {
    while (aheadS(buffer, nowS()) > AHEAD_S) {
      signal.throwIfAborted()
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
    }
    signal.throwIfAborted()
    const oldS = nowS() - BEHIND_S
    if (buffer.buffered.length > 0 && buffer.buffered.start(0) < oldS) {
      buffer.remove(0, oldS)
      await updated(buffer)
    }
    buffer.appendBuffer(bytes)
    await updated(buffer)
  }
  const show = async (startS: number, signal: AbortSignal): Promise<void> => {
    if (isOpen(source)) buffer.abort()
    // Behind a gap nothing is kept: a player would stand still before it.
    buffer.remove(Math.min(startS, feed.durationS), Infinity)
    await updated(buffer)
    const appendHere = async (bytes: Uint8Array<ArrayBuffer>): Promise<void> => {
      await append(bytes, signal)
    }
    await feed.run(startS, appendHere, signal)
    if (isOpen(source)) source.endOfStream()
  }
  const begin = (startS: number): void => {
    turn.abort()
    turn = new AbortController()
    const signal = AbortSignal.any([turn.signal, closing])
    before = before
      .then(async () => {
        if (!signal.aborted) await show(startS, signal)
      })
      .catch((error: unknown) => {
        if (!signal.aborted) failures.report(error)
      })
  }
  element?.addEventListener(
    "seeking",
    () => {
      const atS = nowS()
      begin(atS + aheadS(buffer, atS))
    },
    { signal: closing },
  )
  begin(nowS())
}

/** Whether it takes more, and did not end. */
export function isOpen({ readyState }: MediaSource): boolean {
  return readyState === "open"
}

/** Seconds that are there from `atS` on, without a gap. */
export function aheadS({ buffered }: Pick<SourceBuffer, "buffered">, atS: number): number {
  for (let index = 0; index < buffered.length; index++)
    if (buffered.start(index) <= atS && atS < buffered.end(index)) return buffered.end(index) - atS
  return 0
}

/** Once what was asked of it is done. @throws {@link ArchiveError} `unsupported` for what the browser can't play. */
export async function updated(buffer: SourceBuffer): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const settle = (): void => {
      buffer.removeEventListener("error", fail)
      resolve()
    }
    const fail = (): void => {
      buffer.removeEventListener("updateend", settle)
      reject(new ArchiveError("unsupported", "the browser can't play this recording"))
    }
    buffer.addEventListener("updateend", settle, { once: true })
    buffer.addEventListener("error", fail, { once: true })
  })
}
