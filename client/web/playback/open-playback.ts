import { toBase64Url } from "../../../shared/protocol/bytes.js"
import { isArchiveError } from "../../../shared/protocol/errors.js"
import type { OpenedAsset } from "../../crypto/recording-event.js"
import type { Client } from "../../sdk/client.js"
import type { AssetReader } from "../../sdk/reader/asset-reader.js"
import { type OpenRecording, readAsset } from "../../sdk/recordings.js"
import { PLAYBACK_PATH } from "../service-worker/messages.js"
import { openWithoutWorker } from "./mse-fallback.js"
import { Failures, type Playback } from "./played.js"
import { servePlayback } from "./serve-playback.js"
import { registerServiceWorker } from "./register.js"

export type { Playback } from "./played.js"

/** 128 bits: nobody guesses the address. */
const ID_BYTES = 16

export interface PlaybackOptions {
  /**
   * The name of a file: then the address is one to save from, as a stream, by a plain link. (`<a download>` passes the service worker by; only where
   * `url` begins with `blob:` must the link have it.)
   */
  readonly download?: string
}

/**
 * An address in this browser that gives an asset's verified bytes, opened by this page: it must stay. Where no service worker runs, the bytes are
 * opened into memory.
 * @throws {@link ArchiveError} `unsupported` where no service worker runs and the asset is too large for that; what keeps it from being read then.
 */
export async function openPlayback(
  client: Client,
  recording: OpenRecording,
  asset: OpenedAsset,
  options: PlaybackOptions = {},
): Promise<Playback> {
  return await openBytes(client, readAsset(client, recording, asset, { readsOn: true }), options)
}

/** As {@link openPlayback}, for whatever a reader gives; one that mostly reads on (`readsOn`). */
export async function openBytes(
  client: Client,
  reader: AssetReader,
  { download }: PlaybackOptions = {},
): Promise<Playback> {
  try {
    await registerServiceWorker()
  } catch (error) {
    if (!isArchiveError(error) || error.code !== "unsupported") throw error
    return await openWithoutWorker(reader, download !== undefined, error)
  }
  const id = toBase64Url(client.random(ID_BYTES))
  const failures = new Failures()
  const close = servePlayback(id, { reader, download, failures })
  return {
    url: `${PLAYBACK_PATH}${id}`,
    get failure() {
      return failures.first
    },
    onFailure: (listener) => failures.listen(listener),
    close,
  }
}
