import { ArchiveError, isArchiveError } from "../../../shared/protocol/errors.js"
import type { AssetReader } from "../../sdk/reader/asset-reader.js"
import { shownType } from "./play-head.js"
import { Failures, type Playback } from "./played.js"

/** What is opened into memory at most. */
const MEMORY_LIMIT_BYTES = 256 * 1024 * 1024

/**
 * Plays without a service worker: a recording by Media Source Extensions, from any place; another asset, or where that can't be, the whole of it, opened into memory.
 * @throws {@link ArchiveError} `unsupported` where it is too large for that; what keeps it from being read.
 */
export async function openWithoutWorker(
  reader: AssetReader,
  isDownload: boolean,
  cause: ArchiveError,
): Promise<Playback> {
  const failures = new Failures()
  const isMedia = /^(video|audio)\//.test(reader.mediaType)
  const { url, close } =
    (isMedia && !isDownload ? await bySource(reader, failures) : null) ?? (await inMemory(reader, cause))
  return {
    url,
    get failure() {
      return failures.first
    },
    onFailure: (listener) => failures.listen(listener),
    close,
  }
}

interface Opened {
  readonly url: string
  close(): void
}

/** `null` where the browser can't play it so. */
async function bySource(reader: AssetReader, failures: Failures): Promise<Opened | null> {
  if (!("MediaSource" in globalThis)) return null
  // Loaded where it is needed: most windows have a service worker.
  const [{ openMediaFeed }, { playBySource }] = await Promise.all([
    import("./media-feed.js"),
    import("./media-source.js"),
  ])
  const closing = new AbortController()
  const feed = await openMediaFeed(reader, closing.signal, (error) => {
    failures.report(error)
  }).catch((error: unknown) => {
    if (isArchiveError(error)) throw error
    return null
  })
  if (feed === null || !MediaSource.isTypeSupported(feed.type)) return null
  const { url, close } = playBySource(feed, failures)
  return {
    url,
    close: () => {
      close()
      closing.abort()
    },
  }
}

async function inMemory(reader: AssetReader, cause: ArchiveError): Promise<Opened> {
  const { sizeBytes, mediaType } = reader
  if (sizeBytes > MEMORY_LIMIT_BYTES)
    throw new ArchiveError("unsupported", "this window can't play so large a recording: try one that is not private", {
      cause,
    })
  const parts: Uint8Array<ArrayBuffer>[] = []
  for await (const part of reader.read(0, sizeBytes - 1)) parts.push(new Uint8Array(part))
  const url = URL.createObjectURL(new Blob(parts, { type: shownType(mediaType) }))
  return {
    url,
    close: () => {
      URL.revokeObjectURL(url)
    },
  }
}
