import { type IncomingMessage, STATUS_CODES } from "node:http"
import type { Duplex } from "node:stream"
import { ipKeyGenerator } from "express-rate-limit"
import { ArchiveError } from "../../shared/protocol/errors.js"
import { LIVE_LIMITS, LIVE_PATH } from "../../shared/protocol/live.js"
import type { ApiContext } from "../context.js"
import { problemOf, retryAfterSeconds, statusOf } from "../problems.js"

const WINDOW_MS = 60_000

/** Decides who may open a WebSocket at all, before a byte of it is read; a token comes later. */
export interface Door {
  /** @throws {@link ArchiveError} `not-found`, `unavailable`, `forbidden`, `rate-limited`. */
  enter(request: IncomingMessage, socket: Duplex): void
  /** Breaks every connection that is still open, and forgets. */
  close(): void
}

export function createDoor(context: ApiContext, handshakesPerMinute: number): Door {
  const open = new Map<string, Set<Duplex>>()
  const handshakes = new Map<string, number>()
  const window = setInterval(() => {
    handshakes.clear()
  }, WINDOW_MS)
  return {
    enter: (request, socket) => {
      const { origin } = request.headers
      const [path = ""] = (request.url ?? "").split("?")
      if (path.replace(/\/$/, "") !== LIVE_PATH) throw new ArchiveError("not-found", "no such address")
      if (context.lifecycle.draining) throw new ArchiveError("unavailable", "the server is stopping")
      // Browsers always send it, programs need not: SPEC.md §11.1.
      if (origin !== undefined && !context.origins.has(origin))
        throw new ArchiveError("forbidden", "an origin that is not this server's")
      const address = ipKeyGenerator(addressOf(request, context.trustProxy))
      const tried = (handshakes.get(address) ?? 0) + 1
      handshakes.set(address, tried)
      if (handshakesPerMinute > 0 && tried > handshakesPerMinute)
        throw new ArchiveError("rate-limited", "too many handshakes in a minute")
      const sockets = open.get(address) ?? new Set()
      if (sockets.size >= LIVE_LIMITS.socketsPerAddress)
        throw new ArchiveError("rate-limited", "too many sockets of one address")
      open.set(address, sockets.add(socket))
      socket.once("close", () => {
        sockets.delete(socket)
        if (sockets.size === 0 && open.get(address) === sockets) open.delete(address)
      })
    },
    close: () => {
      clearInterval(window)
      for (const sockets of open.values()) for (const socket of sockets) socket.destroy()
    },
  }
}

/** As Express's `trust proxy` of so many proxies: what the outermost of them says. */
function addressOf(request: IncomingMessage, proxies: number): string {
  const forwarded = [request.headers["x-forwarded-for"] ?? []].flat().join(",")
  const hops = [
    request.socket.remoteAddress ?? "",
    ...forwarded
      .split(",")
      .map((hop) => hop.trim())
      .filter((hop) => hop !== "")
      .toReversed(),
  ]
  return hops[Math.min(proxies, hops.length - 1)] ?? ""
}

/** The answer to an upgrade that is refused: a problem, like any other. */
export function refuseUpgrade(socket: Duplex, error: ArchiveError): void {
  const status = statusOf(error.code)
  const body = JSON.stringify(problemOf(error))
  const seconds = retryAfterSeconds(error)
  socket.end(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`,
      "Connection: close",
      "Content-Type: application/problem+json",
      `Content-Length: ${Buffer.byteLength(body)}`,
      ...(seconds === undefined ? [] : [`Retry-After: ${seconds}`]),
      "",
      body,
    ].join("\r\n"),
    // Nobody else counts this connection any more, and the other side may never close it.
    () => socket.destroy(),
  )
}
