import { randomBytes } from "node:crypto"
import { request } from "node:http"
import type { Socket } from "node:net"
import { answerLines } from "./bench-program.js"

/**
 * Sockets that only receive, in a process of their own. Told how to open them, and then asked how many messages came to all of them.
 * They take packets apart no further than to count what is in them: 197 whole clients on the machine that is measured would be most of what is measured.
 */

interface Opening {
  readonly url: string
  readonly path: string
  readonly namespace: string
  readonly auth: Record<string, unknown>
  readonly count: number
}

/** What each message has once. */
const IN_EACH = '"message":'
const SHORT_BYTES = 126
/** Packets of Engine.IO 4 and socket.io 5. */
const [OPEN, PING, PONG, CONNECT, CONNECTED, EVENT] = ["0", "2", "3", "40", "40", "42"] as const

let received = 0

answerLines(async (line) => {
  if (line === "count") return received
  const { count, ...opening } = line as Opening
  for (let n = 0; n < count; n++) await open(opening)
  return "open"
})

async function open({ url, path, namespace, auth }: Omit<Opening, "count">): Promise<void> {
  const socket = await connect(`${url}${path}/?EIO=4&transport=websocket`)
  await new Promise<void>((resolve, reject) => {
    socket.once("close", () => {
      reject(new Error("a socket was closed"))
    })
    readPackets(socket, (packet) => {
      const text = packet.subarray(0, 2).toString("latin1")
      if (text === EVENT) received += countOf(packet)
      else if (text === CONNECTED) resolve()
      else if (text.startsWith(OPEN)) send(socket, `${CONNECT}${namespace}${JSON.stringify(auth)}`)
      else if (text.startsWith(PING)) send(socket, PONG)
      else reject(new Error(packet.toString()))
    })
  })
}

async function connect(url: string): Promise<Socket> {
  return await new Promise((resolve, reject) => {
    const headers = {
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": randomBytes(16).toString("base64"),
    }
    request(url, { headers, agent: false })
      .once("upgrade", (_response, socket, head) => {
        socket.unshift(head)
        resolve(socket)
      })
      .once("response", ({ statusCode }) => {
        reject(new Error(`refused: ${String(statusCode)}`))
      })
      .once("error", reject)
      .end()
  })
}

/** Text frames that a server sends: whole ones, not masked. RFC 6455 §5.2. */
function readPackets(socket: Socket, take: (packet: Buffer) => void): void {
  let rest: Buffer = Buffer.alloc(0)
  socket.on("data", (bytes: Buffer) => {
    rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes])
    for (let frame = nextFrame(rest); frame !== null; frame = nextFrame(rest)) {
      take(rest.subarray(frame.from, frame.until))
      rest = rest.subarray(frame.until)
    }
  })
}

function nextFrame(bytes: Buffer): { readonly from: number; readonly until: number } | null {
  const short = bytes.length < 2 ? Infinity : bytes.readUInt8(1)
  const from = short < SHORT_BYTES ? 2 : 4
  if (bytes.length < from) return null
  const until = from + (short < SHORT_BYTES ? short : bytes.readUInt16BE(2))
  return bytes.length < until ? null : { from, until }
}

/** A short text, masked with zeros. */
function send(socket: Socket, text: string): void {
  const bytes = Buffer.from(text)
  const mask = 0x80
  const head =
    bytes.length < SHORT_BYTES
      ? [0x81, mask | bytes.length]
      : [0x81, mask | SHORT_BYTES, bytes.length >> 8, bytes.length & 0xff]
  socket.write(Buffer.concat([Buffer.from([...head, 0, 0, 0, 0]), bytes]))
}

function countOf(packet: Buffer): number {
  let count = 0
  for (let at = packet.indexOf(IN_EACH); at >= 0; at = packet.indexOf(IN_EACH, at + 1)) count++
  return count
}
