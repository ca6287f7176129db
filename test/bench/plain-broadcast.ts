import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { Server } from "socket.io"
import { answerLines } from "./bench-program.js"

/** What fanning out is measured against: socket.io alone, which says to everybody what one says, and keeps nothing. Says its port. */

const http = createServer()
const io = new Server(http, { path: "/live", transports: ["websocket"], serveClient: false })
io.on("connection", (socket) => {
  socket.on("say", (messages: unknown) => {
    io.emit("messages", messages)
  })
})
answerLines(async () => {
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve))
  return (http.address() as AddressInfo).port
})
