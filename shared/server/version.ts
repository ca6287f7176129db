import { createHash } from "node:crypto"
import { existsSync, readFileSync } from "node:fs"
import { readdir, readFile } from "node:fs/promises"
import { dirname, extname, join, relative, sep } from "node:path"
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

/** What a worker and its commands are made of. */
const PROGRAM_FOLDERS = ["shared", "worker"]

/**
 * A hash by which the program that runs here can be told from another of the same version, and held against one that was built anew of the same sources:
 * the SHA-256, in hex, of what `sha256sum` prints of its files, in order of their names. SPEC.md §12.
 */
export async function programHash(): Promise<string> {
  const own = fileURLToPath(import.meta.url)
  const root = dirname(dirname(dirname(own)))
  // Compiled, or from its source.
  const ending = extname(own)
  const names: string[] = []
  for (const folder of PROGRAM_FOLDERS)
    for (const entry of await readdir(join(root, folder), { recursive: true, withFileTypes: true }))
      if (entry.isFile() && entry.name.endsWith(ending))
        names.push(relative(root, join(entry.parentPath, entry.name)).split(sep).join("/"))
  const whole = createHash("sha256")
  for (const name of names.sort()) {
    const digest = createHash("sha256").update(await readFile(join(root, name)))
    whole.update(`${digest.digest("hex")}  ${name}\n`)
  }
  return whole.digest("hex")
}
