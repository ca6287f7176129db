import { once } from "node:events"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { RandomBytes } from "../../shared/protocol/ambient.js"
import { toBase64Url } from "../../shared/protocol/bytes.js"
import { ArchiveError, isArchiveError } from "../../shared/protocol/errors.js"
import type { AssetReader } from "../sdk/reader/asset-reader.js"
import { parseRange } from "../sdk/reader/byte-range.js"

export interface PlaybackServer {
  /** On the loopback address, with a path that nobody can guess. */
  readonly url: string
  /** The first failure of integrity, if there was one. */
  readonly failure: ArchiveError | null
  close(): Promise<void>
}

/** Serves verified bytes to players on this machine: whole, or by Range (RFC 9110 §14). */
export async function servePlayback(
  reader: AssetReader,
  random: RandomBytes,
  onFailure: (error: ArchiveError) => void,
): Promise<PlaybackServer> {
  const path = `/${toBase64Url(random(32))}`
  let host = ""
  let failure: ArchiveError | null = null
  const server = createServer((request, response) => {
    answer(request, response, { reader, path, host }).catch((error: unknown) => {
      const known = isArchiveError(error) ? error : new ArchiveError("internal", "playback failed", { cause: error })
      response.destroy()
      if (known.code === "interrupted") return
      failure ??= known
      onFailure(known)
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject)
    server.listen(0, "127.0.0.1", resolve)
  })
  const address = server.address()
  if (address === null || typeof address === "string") throw new ArchiveError("internal", "no address to listen on")
  host = `127.0.0.1:${address.port}`
  return {
    url: `http://${host}${path}`,
    get failure() {
      return failure
    },
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  served: { readonly reader: AssetReader; readonly path: string; readonly host: string },
): Promise<void> {
  const { reader } = served
  // Another Host is a page that rebinds its own name to this machine.
  if (request.headers.host !== served.host || request.url !== served.path) {
    end(response, 404)
    return
  }
  if (request.method !== "GET" && request.method !== "HEAD") {
    end(response, 405, { allow: "GET, HEAD" })
    return
  }
  const headers = {
    "accept-ranges": "bytes",
    "content-type": reader.mediaType,
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "same-origin",
  }
  const range = parseRange(request.headers.range, reader.sizeBytes)
  if (range === "unsatisfiable") {
    end(response, 416, { "content-range": `bytes */${reader.sizeBytes}` })
    return
  }
  const { start, end: last } = range ?? { start: 0, end: reader.sizeBytes - 1 }
  const partial = range === null ? {} : { "content-range": `bytes ${start}-${last}/${reader.sizeBytes}` }
  response.writeHead(range === null ? 200 : 206, { ...headers, ...partial, "content-length": last - start + 1 })
  if (request.method === "HEAD" || last < start) {
    response.end()
    return
  }
  const gone = new AbortController()
  response.once("close", () => {
    gone.abort()
  })
  for await (const bytes of reader.read(start, last, gone.signal)) {
    // What was read is valid until the next is asked for; a response keeps what it is given.
    if (!response.write(bytes.slice())) await once(response, "drain", { signal: gone.signal }).catch(() => undefined)
    if (gone.signal.aborted) return
  }
  response.end()
}

function end(response: ServerResponse, status: number, headers: Record<string, string> = {}): void {
  response.writeHead(status, { ...headers, "content-length": 0 })
  response.end()
}
