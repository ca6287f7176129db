import { createHash } from "node:crypto"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { dirname, extname, join, relative, sep } from "node:path"
import { fileURLToPath } from "node:url"
import { ArchiveError } from "../protocol/errors.js"

/** The version in package.json: the nearest one above this file, built or not. */
export function programVersion(): string {
  const folder = folderAbove(fileURLToPath(import.meta.url), (above) => existsSync(join(above, "package.json")))
  return (JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { readonly version: string }).version
}

/** What a worker and its commands are made of, as compiled: also a command that was bundled of it. */
const PROGRAM_FOLDERS = ["shared", "worker"]

/**
 * A hash by which the program that runs here can be told from another of the same version, and held against one that was built anew of the same sources:
 * the SHA-256, in hex, of what `sha256sum` prints of its files, in order of their names. SPEC.md §12.
 */
export function programHash(): string {
  const own = fileURLToPath(import.meta.url)
  const root = folderAbove(own, (folder) => PROGRAM_FOLDERS.every((name) => existsSync(join(folder, name))))
  // Compiled, or from its source.
  const ending = extname(own)
  const names: string[] = []
  for (const folder of PROGRAM_FOLDERS)
    for (const entry of readdirSync(join(root, folder), { recursive: true, withFileTypes: true }))
      if (entry.isFile() && entry.name.endsWith(ending))
        names.push(relative(root, join(entry.parentPath, entry.name)).split(sep).join("/"))
  const whole = createHash("sha256")
  for (const name of names.sort()) {
    const digest = createHash("sha256").update(readFileSync(join(root, name)))
    whole.update(`${digest.digest("hex")}  ${name}\n`)
  }
  return whole.digest("hex")
}

/** The nearest folder above a file that `isIt`. */
function folderAbove(path: string, isIt: (folder: string) => boolean): string {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if (isIt(folder)) return folder
    if (folder === dirname(folder)) throw new ArchiveError("internal", "this program is not where it was built")
  }
}
