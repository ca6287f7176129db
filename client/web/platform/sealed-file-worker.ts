import { freeBuffer } from "./free-buffer.js"
import { writeToDisk } from "./sealed-file-disk.js"
import type { SealedFileAnswer, SealedFileRequest } from "./sealed-file-messages.js"

/** The other end of sealed-files.ts: writes what a page may not write itself. */

declare const self: DedicatedWorkerGlobalScope

let before: Promise<unknown> = Promise.resolve()

self.addEventListener("message", ({ data }: MessageEvent<SealedFileRequest>) => {
  const { id, folders, name, startBytes, sealed } = data
  const answer = (failure: string | null): void => {
    freeBuffer(sealed)
    self.postMessage({ id, failure } satisfies SealedFileAnswer)
  }
  // One file is open once at a time.
  before = before
    .then(async () => {
      await writeToDisk(folders, name, startBytes, sealed)
    })
    .then(
      () => {
        answer(null)
      },
      (error: unknown) => {
        answer(error instanceof DOMException ? error.name : String(error))
      },
    )
})
