import { isArchiveError } from "../../../shared/protocol/errors.js"
import type { PrepareAnswer, PrepareRequest } from "./prepare-messages.js"
import { prepareMedia } from "./prepare-media.js"

/** The other end of prepare-file.ts: prepares one file, and is then ended. */

function answer(message: PrepareAnswer): void {
  self.postMessage(message, {})
}

self.addEventListener("message", ({ data }: MessageEvent<PrepareRequest>) => {
  prepareMedia(data, (fraction) => {
    answer({ kind: "progress", fraction })
  }).then(
    (prepared) => {
      answer({ kind: "done", prepared })
    },
    (error: unknown) => {
      const known = isArchiveError(error)
      answer({ kind: "failed", code: known ? error.code : "internal", message: known ? error.message : String(error) })
    },
  )
})
