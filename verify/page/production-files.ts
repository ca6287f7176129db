import { ArchiveError } from "../../shared/protocol/errors.js"
import type { ProductionFiles } from "../../client/verifier/production.js"
import type { GivenFiles } from "./given-files.js"

/** A production of files that somebody gave to the page. */
export function productionOf(files: GivenFiles): ProductionFiles {
  const fileAt = (path: string): File => {
    const file = files.get(path)
    if (file === undefined) throw new ArchiveError("not-found", `${path} is not in the production`, { place: path })
    return file
  }
  return {
    read: async (path, start, end) => {
      const file = fileAt(path)
      if (end > file.size)
        throw new ArchiveError("truncated", "a file of the production ends too early", { place: path })
      return new Uint8Array(await file.slice(start, end).arrayBuffer())
    },
    lines: (path) => linesOf(fileAt(path)),
  }
}

async function* linesOf(file: File): AsyncGenerator<string> {
  let rest = ""
  for await (const text of portionsOf(file.stream().pipeThrough(new TextDecoderStream()))) {
    const lines = (rest + text).split("\n")
    rest = lines.pop() ?? ""
    yield* lines
  }
  if (rest !== "") yield rest
}

/** Streams are not iterable in every browser. */
export async function* portionsOf<T>(stream: ReadableStream<T>): AsyncGenerator<T> {
  const reader = stream.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      yield value
    }
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}
