import { accessSync, constants } from "node:fs"
import { delimiter, join } from "node:path"

/**
 * Whether these programs are on PATH. Where one is missing the caller skips its tests, aloud; in continuous integration that is a failure.
 */
export function hasPrograms(...names: readonly string[]): boolean {
  const folders = (process.env["PATH"] ?? "").split(delimiter)
  const missing = names.filter((name) => !folders.some((folder) => isExecutable(join(folder, name))))
  if (missing.length === 0) return true
  const message = `not installed: ${missing.join(", ")} (see CONTRIBUTING.md)`
  if (process.env["CI"] === "true") throw new Error(message)
  process.stderr.write(`skipped: ${message}\n`)
  return false
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
