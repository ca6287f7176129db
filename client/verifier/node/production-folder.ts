import { createReadStream } from "node:fs"
import { open } from "node:fs/promises"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { ArchiveError, isArchiveError } from "../../../shared/protocol/errors.js"
import type { ProductionFiles } from "../production.js"

/** A production in a folder. */
export function productionFolder(folder: string): ProductionFiles {
  return {
    read: async (path, start, end) => {
      const file = await open(join(folder, path)).catch((cause: unknown) => {
        throw absent(path, cause)
      })
      try {
        const bytes = new Uint8Array(end - start)
        const { bytesRead } = await file.read(bytes, 0, bytes.length, start)
        if (bytesRead < bytes.length)
          throw new ArchiveError("truncated", "a file of the production ends too early", { place: path })
        return bytes
      } finally {
        await file.close()
      }
    },
    lines: async function* (path) {
      const stream = createReadStream(join(folder, path))
      const lines = createInterface({ input: stream, crlfDelay: Infinity })
      try {
        yield* lines
      } catch (cause) {
        throw isArchiveError(cause) ? cause : absent(path, cause)
      } finally {
        lines.close()
        stream.destroy()
      }
    },
  }
}

function absent(path: string, cause: unknown): ArchiveError {
  return new ArchiveError("not-found", `${path} is not in the production`, { place: path, cause })
}
