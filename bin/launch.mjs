import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"

/** Runs a built program; says what to do where there is none. */
export async function launch(path) {
  const url = new URL(`../dist/${path}`, import.meta.url)
  if (!existsSync(fileURLToPath(url))) {
    process.stderr.write("taciturn: not built yet: run `npm run build` in its folder\n")
    process.exit(1)
  }
  await import(url.href)
}
