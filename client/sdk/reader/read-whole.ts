import { ArchiveError } from "../../../shared/protocol/errors.js"
import type { OpenedAsset } from "../../crypto/recording-event.js"
import type { Client } from "../client.js"
import { type OpenRecording, readAsset } from "../recordings.js"

/** Another member made them: what goes along with a recording is small. */
const LIMIT_BYTES = 16 * 1024 * 1024

/** All verified bytes of an asset that goes along with a recording. @throws {@link ArchiveError} `too-large`, and as `read` of its reader. */
export async function readWhole(
  client: Client,
  recording: OpenRecording,
  asset: OpenedAsset,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const { sizeBytes, read } = readAsset(client, recording, asset)
  if (sizeBytes > LIMIT_BYTES) throw new ArchiveError("too-large", `${asset.role} of ${sizeBytes} bytes`)
  const whole = new Uint8Array(sizeBytes)
  let filled = 0
  if (sizeBytes > 0)
    for await (const part of read(0, sizeBytes - 1, signal)) {
      whole.set(part, filled)
      filled += part.length
    }
  return whole
}
