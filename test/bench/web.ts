import { cpus } from "node:os"
import { temporaryFolder } from "../support/programs.js"
import { makeFilm } from "./film.js"
import { benchSearching } from "./searching.js"
import { benchUploading } from "./uploading.js"
import { benchWatching } from "./watching.js"

/**
 * `npm run bench:web [-- --quick] [-- watching | uploading | searching]`: the app in a real Chromium. Nothing here passes or fails.
 * `--quick` takes smaller films and fewer runs.
 */

const quick = process.argv.includes("--quick")
const parts = ["watching", "uploading", "searching"].filter((part) => process.argv.includes(part))
const does = (part: string): boolean => parts.length === 0 || parts.includes(part)
const WATCHED_BYTES = quick ? 90_000_000 : 360_000_000
const UPLOADED_BYTES = quick ? 128 * 2 ** 20 : 2 ** 30
const SEARCHED_LINES = quick ? 10_000 : 100_000
const RUNS = quick ? 3 : 5

const folder = await temporaryFolder()
try {
  process.stdout.write(`${cpus().length} cores, ${cpus()[0]?.model ?? ""}\n`)
  if (does("watching")) {
    const film = await makeFilm(folder.path, WATCHED_BYTES)
    await benchWatching(film, RUNS)
  }
  if (does("uploading"))
    await benchUploading([
      ["as it is", await makeFilm(folder.path, UPLOADED_BYTES)],
      ["remuxed", await makeFilm(folder.path, UPLOADED_BYTES, "end")],
    ])
  if (does("searching")) await benchSearching(SEARCHED_LINES)
} finally {
  await folder.remove()
}
