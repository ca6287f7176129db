import { existsSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

/** The version in the nearest package.json above this file: from its source, compiled and bundled it stands at other depths. */
export function cliVersion(): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, "package.json"))) {
    if (folder === dirname(folder)) return "unknown: there is no package.json above this program"
    folder = dirname(folder)
  }
  return (JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { readonly version: string }).version
}
