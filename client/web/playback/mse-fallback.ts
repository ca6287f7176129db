import { ArchiveError } from "../../../shared/protocol/errors.js"
import type { AssetReader } from "../../sdk/reader/asset-reader.js"
import { shownType } from "./play-head.js"
import { Failures, type Playback } from "./played.js"

/** What is opened into memory at most. */
const MEMORY_LIMIT_BYTES = 256 * 1024 * 1024

/** Plays without a service worker: the whole of an asset, opened into memory. @throws {@link ArchiveError} `unsupported` for a larger one. */
export async function openWithoutWorker(reader: AssetReader, cause: ArchiveError): Promise<Playback> {
  const { sizeBytes, mediaType } = reader
  if (sizeBytes > MEMORY_LIMIT_BYTES)
    throw new ArchiveError("unsupported", "this window can't play so large a recording: try one that is not private", {
      cause,
    })
  const parts: Uint8Array<ArrayBuffer>[] = []
  for await (const part of reader.read(0, sizeBytes - 1)) parts.push(new Uint8Array(part))
  const url = URL.createObjectURL(new Blob(parts, { type: shownType(mediaType) }))
  const failures = new Failures()
  return {
    url,
    get failure() {
      return failures.first
    },
    onFailure: (listener) => failures.listen(listener),
    close: () => {
      URL.revokeObjectURL(url)
    },
  }
}
