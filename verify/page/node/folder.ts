import type { GivenFiles } from "../given-files.js"

/** Where the checks of a production find a folder in a page: its files by their paths below the root. */
const ROOT = "/production"
let given: GivenFiles = new Map()

/** @returns the path by which they are found from now on. */
export function useFolder(files: GivenFiles): string {
  given = files
  return ROOT
}

/** @throws as Node does, where it is not there. */
export function fileAt(path: string): File {
  const file = given.get(pathBelow(path))
  if (file === undefined) throw new Error(`${path} is not there`)
  return file
}

/** Names right below a folder, and whether they are folders. */
export function entriesOf(path: string): ReadonlyMap<string, boolean> {
  const below = pathBelow(path)
  const prefix = below === "" ? "" : `${below}/`
  const entries = new Map<string, boolean>()
  for (const file of given.keys()) {
    if (!file.startsWith(prefix)) continue
    const [name = "", ...rest] = file.slice(prefix.length).split("/")
    entries.set(name, rest.length > 0)
  }
  return entries
}

function pathBelow(path: string): string {
  return path === ROOT ? "" : path.slice(ROOT.length + 1)
}
