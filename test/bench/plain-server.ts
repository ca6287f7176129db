import { createWriteStream } from "node:fs"
import { join } from "node:path"
import { pipeline } from "node:stream/promises"
import express from "express"

/** What uploads and watching are measured against: Express; for an upload a new file and fsync. Prints its port. */
const folder = process.argv[2] ?? "."
const app = express()
app.get("/", (_request, response) => {
  response.type("html").send("<!doctype html><title>Plain</title><link rel=icon href=data:,>")
})
app.put("/:name", (request, response, next) => {
  // One that is there already is not written over: that would be done in memory that is at hand, which an archive never has.
  pipeline(request, createWriteStream(join(folder, request.params.name), { flags: "wx", flush: true })).then(
    () => response.status(204).end(),
    next,
  )
})
app.get("/:name", (request, response) => {
  // A browser that plays it keeps none of it for later, as it keeps none of what a service worker gives it.
  response.sendFile(join(folder, request.params.name), {
    cacheControl: false,
    headers: { "Cache-Control": "no-store" },
  })
})
const server = app.listen(0, "127.0.0.1", () => {
  const address = server.address()
  process.stdout.write(`${typeof address === "object" ? String(address?.port) : ""}\n`)
})
// As long as the service keeps connections that nobody uses.
server.keepAliveTimeout = 65_000
process.stdin.on("end", () => process.exit(0)).resume()
