import { toHex } from "../../../shared/protocol/bytes.js"
import { type Imported, readImported } from "../../sdk/imports/read-imported.js"
import type { OpenRecording } from "../../sdk/recordings.js"
import { useClient } from "../signed-in/client-context.js"
import { type Loaded, useLoaded } from "../ui/use-loaded.js"

/** What goes along with a recording that was imported; `null` with one that was not. A newer log of the same recording has the same. */
export function useImported(recording: OpenRecording): Loaded<Imported | null> {
  const client = useClient()
  const key = toHex(recording.media.header.assetId)
  return useLoaded(async (signal) => await readImported(client, recording, signal), [client, key])
}
