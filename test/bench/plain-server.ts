import { createWriteStream } from "node:fs"
import { join } from "node:path"
import { pipeline } from "node:stream/promises"
import express from "express"

/** What an upload is measured against: Express, a new file, fsync. Prints its port. */
const folder = process.argv[2] ?? "."
const app = express()
app.put("/:name", (request, response, next) => {
  // One that is there already is not written over: that would be done in memory that is at hand, which an archive never has.
  pipeline(request, createWriteStream(join(folder, request.params.name), { flags: "wx", flush: true })).then(
    () => response.status(204).end(),
    next,
  )
})
app.get("/:name", (request, response) => {
  response.sendFile(join(folder, request.params.name))
})
const server = app.listen(0, "127.0.0.1", () => {
  const address = server.address()
  process.stdout.write(`${typeof address === "object" ? String(address?.port) : ""}\n`)
})
process.stdin.on("end", () => process.exit(0)).resume()
