import { createWriteStream } from "node:fs"
import { join } from "node:path"
import { pipeline } from "node:stream/promises"
import express from "express"

/** What an upload is measured against: Express, a file, fsync. Prints its port. */
const folder = process.argv[2] ?? "."
const app = express()
app.put("/file", (request, response, next) => {
  pipeline(request, createWriteStream(join(folder, "plain"), { flush: true })).then(
    () => response.status(204).end(),
    next,
  )
})
app.get("/file", (_request, response) => {
  response.sendFile(join(folder, "plain"))
})
const server = app.listen(0, "127.0.0.1", () => {
  const address = server.address()
  process.stdout.write(`${typeof address === "object" ? String(address?.port) : ""}\n`)
})
process.stdin.on("end", () => process.exit(0)).resume()
