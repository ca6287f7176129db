import { randomBytes } from "node:crypto"
import { connect, type Socket } from "node:net"
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
const IN_EACH = Buffer.from('"message":')
const END_OF_HEAD = "\r\n\r\n"
const SHORT_BYTES = 126
/** Packets of Engine.IO 4 and socket.io 5. */
const [OPEN, PING, PONG, CONNECT, CONNECTED, EVENT] = ["0", "2", "3", "40", "40", "42"] as const

let received = 0
/** What comes is read into one place, for all of them. */
const incoming = Buffer.alloc(64 * 1024)

answerLines(async (line) => {
  if (line === "count") return received
  const { count, ...opening } = line as Opening
  for (let n = 0; n < count; n++) await open(opening)
  return "open"
})

async function open({ url, path, namespace, auth }: Omit<Opening, "count">): Promise<void> {
  const { hostname, port } = new URL(url)
  await new Promise<void>((resolve, reject) => {
    const frames = new Frames((packet) => {
      const text = packet.toString("latin1", 0, 2)
      if (text === EVENT) received += countOf(packet)
      else if (text === CONNECTED) resolve()
      else if (text.startsWith(OPEN)) send(socket, `${CONNECT}${namespace}${JSON.stringify(auth)}`)
      else if (text.startsWith(PING)) send(socket, PONG)
      else reject(new Error(packet.toString()))
    })
    const onread = {
      buffer: incoming,
      callback: (count: number) => {
        frames.read(incoming.subarray(0, count))
        return true
      },
    }
    const socket = connect({ host: hostname, port: Number(port), onread })
    socket.once("error", reject).once("close", () => {
      reject(new Error("a socket was closed"))
    })
    socket.write(
      [
        `GET ${path}/?EIO=4&transport=websocket HTTP/1.1`,
        `Host: ${hostname}:${port}`,
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        `Sec-WebSocket-Key: ${randomBytes(16).toString("base64")}`,
        "",
        "",
      ].join("\r\n"),
    )
  })
}

/** Behind the answer to an upgrade, text frames that a server sends: whole ones, not masked. RFC 6455 §5.2. */
class Frames {
  readonly #take: (packet: Buffer) => void
  #rest: Buffer = Buffer.alloc(0)
  #isUpgraded = false

  constructor(take: (packet: Buffer) => void) {
    this.#take = take
  }

  /** @param bytes change when this is done. */
  read(bytes: Buffer): void {
    let rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    if (!this.#isUpgraded) {
      const end = rest.indexOf(END_OF_HEAD)
      this.#isUpgraded = end >= 0
      if (this.#isUpgraded) rest = rest.subarray(end + END_OF_HEAD.length)
    }
    while (this.#isUpgraded) {
      const frame = nextFrame(rest)
      if (frame === null) break
      this.#take(rest.subarray(frame.from, frame.until))
      rest = rest.subarray(frame.until)
    }
    this.#rest = Buffer.from(rest)
  }
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
