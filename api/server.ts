import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import type { Duplex } from "node:stream"
import { ArchiveError } from "../shared/protocol/errors.js"
import type { Lifecycle } from "./context.js"

/** Headers must come at once; a piece of 8 MiB may take its time on a slow line. */
const HEADERS_TIMEOUT_MS = 15_000
const REQUEST_TIMEOUT_MS = 600_000
/** Longer than the usual idle time of proxies, so that they and not we close first. */
const KEEP_ALIVE_TIMEOUT_MS = 65_000
/** While draining: how soon a connection is closed after its last answer. */
const IDLE_CHECK_MS = 50

/** Takes a connection over that is to speak something else than HTTP. */
export type UpgradeListener = (request: IncomingMessage, socket: Duplex, head: Buffer) => void

export interface ListeningServer {
  readonly port: number
  /** Stops accepting, lets what is under way end, then closes; after `limitMs` it closes the rest too. */
  drain(limitMs: number): Promise<void>
}

/** @throws {@link ArchiveError} `usage` where that address can't be had. */
export async function listen(
  listener: RequestListener,
  upgrade: UpgradeListener,
  address: { readonly host: string; readonly port: number },
  lifecycle: Lifecycle,
): Promise<ListeningServer> {
  const server = createServer(
    { headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS, keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS },
    listener,
  )
  server.on("upgrade", upgrade)
  await new Promise<void>((resolve, reject) => {
    const refuse = (cause: Error): void => {
      reject(
        new ArchiveError(
          "usage",
          `port ${address.port} of ${address.host} can't be listened on (${cause.message}): set PORT or HOST`,
          { cause },
        ),
      )
    }
    server.once("error", refuse)
    server.listen(address.port, address.host, () => {
      server.off("error", refuse)
      resolve()
    })
  })
  const { port } = server.address() as AddressInfo
  return {
    port,
    drain: async (limitMs) => {
      lifecycle.draining = true
      await closeWithin(server, limitMs)
    },
  }
}

async function closeWithin(server: Server, limitMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => {
      resolve()
    })
  })
  const idle = setInterval(() => {
    server.closeIdleConnections()
  }, IDLE_CHECK_MS)
  const limit = setTimeout(() => {
    server.closeAllConnections()
  }, limitMs)
  await closed
  clearInterval(idle)
  clearTimeout(limit)
}
