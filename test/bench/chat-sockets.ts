import { createInterface } from "node:readline"
import { io } from "socket.io-client"

/** Sockets that only receive, in a process of their own: `URL PATH EVENT COUNT`, and the `auth` of each as a line of JSON. Prints how many messages came to all of them when its input ends. */

const [url = "", path = "", event = "", count = "0"] = process.argv.slice(2)
let received = 0
const input = createInterface({ input: process.stdin })
input.once("line", (auth) => {
  void open(JSON.parse(auth) as Record<string, unknown>)
})
input.once("close", () => {
  process.stdout.write(`${received}\n`, () => process.exit(0))
})

async function open(auth: Record<string, unknown>): Promise<void> {
  for (let n = 0; n < Number(count); n++) {
    const socket = io(url, { path, transports: ["websocket"], auth, forceNew: true, reconnection: false })
    socket.on(event, (said: { readonly messages?: readonly unknown[] }) => {
      received += said.messages?.length ?? 1
    })
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve)
      socket.once("connect_error", reject)
    })
  }
  process.stdout.write("ready\n")
}
