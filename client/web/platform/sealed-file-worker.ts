import type { SealedFileAnswer, SealedFileRequest } from "./sealed-file-messages.js"

/** The other end of sealed-files.ts: only a worker can write into the middle of a file of the browser's own, and wait for the disk. */

declare const self: DedicatedWorkerGlobalScope

let before: Promise<unknown> = Promise.resolve()

self.addEventListener("message", ({ data }: MessageEvent<SealedFileRequest>) => {
  // One file is open once at a time.
  before = before
    .then(async () => {
      await write(data)
    })
    .then(
      () => {
        self.postMessage({ id: data.id, failure: null } satisfies SealedFileAnswer)
      },
      (error: unknown) => {
        const failure = error instanceof DOMException ? error.name : String(error)
        self.postMessage({ id: data.id, failure } satisfies SealedFileAnswer)
      },
    )
})

async function write({ folders, name, startBytes, sealed }: SealedFileRequest): Promise<void> {
  let folder = await navigator.storage.getDirectory()
  for (const inner of folders) folder = await folder.getDirectoryHandle(inner, { create: true })
  const file = await folder.getFileHandle(name, { create: true })
  const handle = await file.createSyncAccessHandle()
  try {
    // Whoever writes at the beginning makes the file.
    if (startBytes === 0) handle.truncate(0)
    for (let written = 0; written < sealed.length;)
      written += handle.write(sealed.subarray(written), { at: startBytes + written })
    handle.flush()
  } finally {
    handle.close()
  }
}
