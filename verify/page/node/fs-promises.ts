import { Buffer } from "buffer"
import { entriesOf, fileAt } from "./folder.js"

/** In the place of `node:fs/promises`. */
export async function readFile(path: string, encoding?: "utf8"): Promise<Uint8Array | string> {
  const bytes = Buffer.from(await fileAt(path).arrayBuffer())
  return encoding === undefined ? bytes : bytes.toString(encoding)
}

interface Entry {
  readonly name: string
  isDirectory(): boolean
  isFile(): boolean
}

export async function readdir(path: string): Promise<readonly Entry[]> {
  const entries = await Promise.resolve(entriesOf(path))
  return [...entries].map(([name, isFolder]) => ({ name, isDirectory: () => isFolder, isFile: () => !isFolder }))
}
