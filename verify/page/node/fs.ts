import { portionsOf } from "../production-files.js"
import { fileAt } from "./folder.js"

/** In the place of `node:fs`. */
export function createReadStream(path: string): AsyncIterable<Uint8Array> {
  return portionsOf(fileAt(path).stream())
}
