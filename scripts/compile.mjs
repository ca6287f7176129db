// `compile.mjs PROGRAM …`: runs a bundled program as its launcher does, and keeps what V8 compiled meanwhile, so that later starts need not compile it.
// What the program prints, and how it ends, says nothing.
import { writeFileSync } from "node:fs"
import { compiledOf, run } from "../bin/launch.mjs"

const [path, ...args] = process.argv.slice(2)
process.argv = [process.argv[0], path, ...args]
const script = run(path)
process.on("exit", () => {
  writeFileSync(compiledOf(path), script.createCachedData())
  process.exitCode = 0
})
