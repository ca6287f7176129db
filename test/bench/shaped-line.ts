import { once } from "node:events"
import { connect, createServer, type Socket } from "node:net"
import { setTimeout as delay } from "node:timers/promises"

/**
 * A line of one speed and delay before a server, shared by all connections: what a browser's own throttling does not do to its service worker.
 * Each connection behaves as TCP does: a handshake before its first byte, a window that begins small and grows with what arrives, bytes that are
 * under way when the browser gives it up and reach nobody. Nothing gets lost, and no connection fills a queue that others stand in.
 */
export interface ShapedLine {
  readonly port: number
  /** Bytes that it carried towards the browser so far, wanted or not. */
  readonly downBytes: number
  /** Where it leads; to be set before the first connection. */
  lead(target: { readonly host: string; readonly port: number }): void
  /** Until then it is as fast as the machine. */
  slowDown(): void
  stop(): Promise<void>
}

const PACKET_BYTES = 1_460
/** RFC 6928. */
const FIRST_WINDOW_BYTES = 10 * PACKET_BYTES
/** As much of one connection is under way at most: some round trips' worth. */
const LARGEST_WINDOW_BYTES = 512 * 1024
/** After so long without a byte a connection begins again with its first window. RFC 5681 §4.1. */
const IDLE_MS = 300
/** What stands before the line at most: connections take turns. */
const QUEUE_MS = 3

/** What happens at the other end when its time has come, in the order in which it was sent. */
class Direction {
  readonly #due: { readonly atMs: number; readonly arrive: () => void }[] = []
  #freeAtMs = 0
  #pumping = false

  /** How long the next packet would wait for its turn. */
  get queueMs(): number {
    return this.#freeAtMs - performance.now()
  }

  /** @param lineMs how long it takes the line. */
  send(lineMs: number, delayMs: number, arrive: () => void): void {
    this.#freeAtMs = Math.max(performance.now(), this.#freeAtMs) + lineMs
    this.#due.push({ atMs: this.#freeAtMs + delayMs, arrive })
    if (!this.#pumping) void this.#pump()
  }

  async #pump(): Promise<void> {
    this.#pumping = true
    while (this.#due.length > 0) {
      await delay(1)
      while ((this.#due[0]?.atMs ?? Infinity) <= performance.now()) this.#due.shift()?.arrive()
    }
    this.#pumping = false
  }
}

async function drained(socket: Socket): Promise<void> {
  const settled = new AbortController()
  const { signal } = settled
  await Promise.race([once(socket, "drain", { signal }), once(socket, "close", { signal })])
  settled.abort()
}

export async function startShapedLine(bitsPerSecond: number, roundTripMs: number): Promise<ShapedLine> {
  const sockets = new Set<Socket>()
  const directions = { up: new Direction(), down: new Direction() }
  let target = { host: "127.0.0.1", port: 0 }
  let isSlow = false
  let downBytes = 0

  /** Carries what `from` brings to `to`, in its turn on the line. */
  const carry = async (from: Socket, to: Socket, way: "up" | "down"): Promise<void> => {
    const line = directions[way]
    let windowBytes = FIRST_WINDOW_BYTES
    let underWayBytes = 0
    let lastSentMs = performance.now()
    const acknowledge = (sizeBytes: number): void => {
      underWayBytes -= sizeBytes
      windowBytes = Math.min(LARGEST_WINDOW_BYTES, windowBytes + sizeBytes)
    }
    for await (const bytes of from as AsyncIterable<Buffer>)
      for (let at = 0; at < bytes.length;) {
        const packet = bytes.subarray(at, at + (isSlow ? PACKET_BYTES : bytes.length))
        at += packet.length
        if (!isSlow) {
          if (!to.write(packet)) await drained(to)
          continue
        }
        if (performance.now() - lastSentMs > IDLE_MS) windowBytes = FIRST_WINDOW_BYTES
        // What the other end has not taken in counts as under way.
        while (underWayBytes + to.writableLength + packet.length > windowBytes || line.queueMs > QUEUE_MS)
          await delay(1)
        lastSentMs = performance.now()
        underWayBytes += packet.length
        if (way === "down") downBytes += packet.length
        line.send((packet.length * 8_000) / bitsPerSecond, roundTripMs / 2, () => {
          if (!to.destroyed) to.write(packet)
          setTimeout(acknowledge, roundTripMs / 2, packet.length)
        })
      }
    line.send(0, isSlow ? roundTripMs / 2 : 0, () => to.end())
  }
  const server = createServer((near) => {
    const far = connect(target.port, target.host)
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket)
      socket.setNoDelay(true)
      socket.on("error", () => undefined)
      socket.once("close", () => {
        sockets.delete(socket)
        // The word that one end is gone takes its time to the other, which sends on until then.
        setTimeout(() => other.destroy(), isSlow ? roundTripMs / 2 : 0)
      })
    }
    // The handshake takes a round trip before the first byte is sent.
    void delay(isSlow ? roundTripMs : 0).then(async () => await carry(near, far, "up").catch(() => undefined))
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
    slowDown: () => {
      isSlow = true
    },
    stop: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, "close")
    },
  }
}
