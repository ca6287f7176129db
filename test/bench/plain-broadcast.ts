import { createServer } from "node:http"
import { Server } from "socket.io"

/** What fanning out is measured against: socket.io alone, which says to everybody what one says, and keeps nothing. Prints its port. */
const http = createServer()
const io = new Server(http, { path: "/live", transports: ["websocket"], serveClient: false })
io.on("connection", (socket) => {
  socket.on("say", (message: unknown) => {
    io.emit("message", message)
  })
})
http.listen(0, "127.0.0.1", () => {
  const address = http.address()
  process.stdout.write(`${typeof address === "object" ? String(address?.port) : ""}\n`)
})
process.stdin.on("end", () => process.exit(0)).resume()
