import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { expect } from "chai"
import { Server } from "socket.io"
import { io } from "socket.io-client"
import { eventFrame } from "../../../api/live/packet.js"
import { connected } from "../../support/live-client.js"

/** A frame's length takes 1, 3 or 9 bytes. RFC 6455 §5.2. */
const LENGTHS = [0, 80, 125, 126, 1_000, 65_000, 65_535, 65_536, 70_000]

describe("an event that is made once for many sockets", () => {
  it("is heard as one that socket.io says itself, however long it is, and between those", async () => {
    const http = createServer()
    const server = new Server(http, { transports: ["websocket"] })
    server.of("/room").on("connection", (socket) => {
      for (const length of LENGTHS) {
        socket.emit("said", { text: "ü".repeat(length) })
        socket.conn.request.socket.write(eventFrame("/room", "said", { text: "ü".repeat(length) }))
      }
    })
    await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve))
    const { port } = http.address() as AddressInfo
    const socket = io(`http://127.0.0.1:${port}/room`, { transports: ["websocket"], forceNew: true })
    try {
      const heard = new Promise<readonly number[]>((resolve) => {
        const lengths: number[] = []
        socket.on("said", ({ text }: { readonly text: string }) => {
          lengths.push(/^ü*$/.test(text) ? text.length : Number.NaN)
          if (lengths.length === 2 * LENGTHS.length) resolve(lengths)
        })
      })
      await connected(socket)
      expect((await heard).toSorted((a, b) => a - b)).to.deep.equal(LENGTHS.flatMap((length) => [length, length]))
    } finally {
      socket.disconnect()
      await server.close()
    }
  })
})
