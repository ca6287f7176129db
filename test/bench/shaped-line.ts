import { once } from "node:events"
import { connect, createServer, type Socket } from "node:net"
import { setTimeout as delay } from "node:timers/promises"

/**
 * A line of one speed and delay before a server, shared by all connections: what a browser's own throttling does not do to its service worker.
 * Of what a connection is to bring, no more is taken from the server than a window; where the browser gives it up, the rest is not sent.
 */
export interface ShapedLine {
  readonly port: number
  /** Bytes that reached the browser so far. */
  readonly downBytes: number
  /** Where it leads; to be set before the first connection. */
  lead(target: { readonly host: string; readonly port: number }): void
  stop(): Promise<void>
}

/** Packets of different connections take turns. */
const SLICE_BYTES = 8 * 1024
/** As much of one connection is under way at once: some round trips' worth. */
const WINDOW_BYTES = 512 * 1024

export async function startShapedLine(bitsPerSecond: number, roundTripMs: number): Promise<ShapedLine> {
  const sockets = new Set<Socket>()
  let target = { host: "127.0.0.1", port: 0 }
  let downBytes = 0
  const directions = { up: { freeAtMs: 0 }, down: { freeAtMs: 0 } }

  /** Carries what `from` brings to `to`, in its turn on the line. */
  const carry = async (from: Socket, to: Socket, direction: keyof typeof directions): Promise<void> => {
    let underWayBytes = 0
    for await (const bytes of from as AsyncIterable<Buffer>) {
      for (let at = 0; at < bytes.length; at += SLICE_BYTES) {
        const slice = bytes.subarray(at, at + SLICE_BYTES)
        while (underWayBytes > WINDOW_BYTES) await delay(1)
        if (to.destroyed) return
        const line = directions[direction]
        line.freeAtMs = Math.max(performance.now(), line.freeAtMs) + (slice.length * 8 * 1000) / bitsPerSecond
        underWayBytes += slice.length
        setTimeout(
          () => {
            underWayBytes -= slice.length
            if (to.destroyed) return
            if (direction === "down") downBytes += slice.length
            to.write(slice)
          },
          line.freeAtMs - performance.now() + roundTripMs / 2,
        )
        // Not more is put on the line than it takes within a moment, so that connections share it.
        while (line.freeAtMs - performance.now() > 5) await delay(1)
      }
    }
  }
  const server = createServer((near) => {
    // The handshake takes a round trip before the first byte is sent.
    const far = connect(target.port, target.host)
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.setNoDelay(true)
      socket.on("error", () => undefined)
      socket.once("close", () => {
        sockets.delete(socket)
        setTimeout(() => {
          near.destroy()
          far.destroy()
        }, roundTripMs)
      })
    }
    void delay(roundTripMs).then(async () => await carry(near, far, "up").catch(() => undefined))
    void carry(far, near, "down").catch(() => undefined)
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    get downBytes() {
      return downBytes
    },
    lead: (to) => {
      target = to
    },
    stop: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, "close")
    },
  }
}
