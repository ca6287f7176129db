import { beginSha256 } from "../../../shared/protocol/hash.js"

/** The other end of hash-file.ts: reads one file, and is then ended. */

const PORTION_BYTES = 4 * 1024 * 1024

export type HashAnswer =
  | { readonly kind: "progress"; readonly doneBytes: number }
  | { readonly kind: "done"; readonly sha256: Uint8Array }
  | { readonly kind: "failed" }

function answer(message: HashAnswer): void {
  self.postMessage(message, {})
}

async function hash(file: File): Promise<Uint8Array> {
  const state = beginSha256()
  for (let at = 0; at < file.size; at += PORTION_BYTES) {
    state.update(new Uint8Array(await file.slice(at, at + PORTION_BYTES).arrayBuffer()))
    answer({ kind: "progress", doneBytes: Math.min(file.size, at + PORTION_BYTES) })
  }
  return state.digest()
}

self.addEventListener("message", ({ data }: MessageEvent<File>) => {
  hash(data).then(
    (sha256) => {
      answer({ kind: "done", sha256 })
    },
    () => {
      answer({ kind: "failed" })
    },
  )
})
