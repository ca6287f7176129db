import { existsSync, readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname } from "node:path"
import { fileURLToPath } from "node:url"
import { Script } from "node:vm"

/** Runs a built program; says what to do where there is none. */
export async function launch(path) {
  const url = new URL(`../dist/${path}`, import.meta.url)
  if (!existsSync(fileURLToPath(url))) {
    process.stderr.write("taciturn: not built yet: run `npm run build` in its folder\n")
    process.exit(1)
  }
  if (path.endsWith(".cjs")) run(fileURLToPath(url))
  else await import(url.href)
}

/** Where V8's own form of a program is, which scripts/compile.mjs keeps. */
export const compiledOf = (path) => `${path}.compiled`

/**
 * Runs a file in CommonJS as Node would, and spares V8 what it compiled when the program was built. Another version of V8 takes nothing of that, and
 * compiles as ever.
 */
export function run(path) {
  const compiled = compiledOf(path)
  // What is bundled is ASCII.
  const source = `(function (exports, require, module, __filename, __dirname) {${readFileSync(path, "latin1")}\n})`
  const cachedData = existsSync(compiled) ? readFileSync(compiled) : undefined
  const script = new Script(source, { filename: path, cachedData })
  const module = { exports: {} }
  script.runInThisContext()(module.exports, createRequire(path), module, path, dirname(path))
  return script
}
