import { createReadStream, createWriteStream, statSync } from "node:fs"
import { request } from "node:http"
import { pipeline } from "node:stream/promises"

/** A plain PUT of a file, or a plain GET into one with fsync: `put|get URL PATH`. */
const [, , method = "", url = "", path = ""] = process.argv
if (method === "put") {
  await new Promise<void>((resolve, reject) => {
    const sent = request(url, { method: "PUT", headers: { "content-length": statSync(path).size } }, (response) => {
      response.resume().once("end", resolve)
    })
    pipeline(createReadStream(path, { highWaterMark: 1 << 18 }), sent).catch(reject)
  })
} else {
  await new Promise<void>((resolve, reject) => {
    request(url, (response) => {
      pipeline(response, createWriteStream(path, { flush: true })).then(resolve, reject)
    }).end()
  })
}
