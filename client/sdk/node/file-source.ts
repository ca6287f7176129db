import { open, stat } from "node:fs/promises"
import type { AssetSource } from "../upload/journal.js"

/** A file as a source, of the size that it has now. Rejects where there is no such file. */
export async function fileSource(path: string): Promise<AssetSource> {
  const { size } = await stat(path)
  return {
    sizeBytes: size,
    open: async () => {
      const file = await open(path, "r")
      return {
        read: async (into) => {
          let filled = 0
          while (filled < into.length) {
            const { bytesRead } = await file.read(into, filled, into.length - filled)
            if (bytesRead === 0) break
            filled += bytesRead
          }
          return filled
        },
        close: async () => {
          await file.close()
        },
      }
    },
  }
}
