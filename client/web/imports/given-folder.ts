import type { FoundFile, LeftOut } from "../../sdk/imports/plan.js"
import type { GivenFile } from "../uploads/dropped-files.js"

/** A folder as it was given. */
export interface GivenFolder {
  /** "" where several were given at once. */
  readonly name: string
  readonly files: readonly FoundFile[]
  /** Hidden files, which systems keep. */
  readonly hidden: readonly LeftOut[]
  /** @throws where there is none of this path. */
  readonly fileAt: (path: string) => File
}

/** `null` where no folder was given. */
export function folderOf(given: readonly GivenFile[]): GivenFolder | null {
  if (!given.some(({ path }) => path.includes("/"))) return null
  const roots = new Set(given.map(({ path }) => path.slice(0, Math.max(0, path.indexOf("/")))))
  const [name = ""] = roots.size === 1 ? roots : []
  const within = new Map(given.map(({ path, file }) => [name === "" ? path : path.slice(name.length + 1), file]))
  const isHidden = (path: string): boolean => path.split("/").some((part) => part.startsWith("."))
  return {
    name,
    files: [...within].flatMap(([path, { size, lastModified }]) =>
      isHidden(path) ? [] : [{ path, sizeBytes: size, mtimeMs: lastModified }],
    ),
    hidden: [...within.keys()].filter(isHidden).map((path) => ({ path, reason: "hidden" })),
    fileAt: (path) => {
      const file = within.get(path)
      if (file === undefined) throw new Error("no such file was given")
      return file
    },
  }
}
