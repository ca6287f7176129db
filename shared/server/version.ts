import { existsSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { ArchiveError } from "../protocol/errors.js"

/** The version in package.json: the nearest one above this file, built or not. */
export function programVersion(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const path = join(folder, "package.json")
    if (existsSync(path)) return (JSON.parse(readFileSync(path, "utf8")) as { readonly version: string }).version
    if (folder === dirname(folder)) throw new ArchiveError("internal", "no package.json above this program")
  }
}
