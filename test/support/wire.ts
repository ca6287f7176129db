import type { Haystack } from "./needles.js"
import { startTcpRelay } from "./tcp-relay.js"

/** All that goes over a network between clients and a server, as somebody has it who taps the line and the server's end of TLS. */
export interface Wire {
  /** Where clients find the server through it. */
  readonly url: string
  /** How much went each way, and how much of it in WebSocket frames of clients. */
  readonly counts: { readonly asked: number; readonly answered: number; readonly framed: number }
  /** Both directions of every connection so far; what clients mask is unmasked too, RFC 6455 §5.3. */
  seize(haystack: Haystack): void
  stop(): Promise<void>
}

interface Tapped {
  readonly asked: Buffer[]
  readonly answered: Buffer[]
}

/** @param port of the server behind it, asked for with each connection. */
export async function startWire(port: () => number): Promise<Wire> {
  const connections: Tapped[] = []
  const target = {
    host: "127.0.0.1",
    get port() {
      return port()
    },
  }
  const relay = await startTcpRelay(target, undefined, () => {
    const tapped: Tapped = { asked: [], answered: [] }
    connections.push(tapped)
    return tapped
  })
  const counts = { asked: 0, answered: 0, framed: 0 }
  return {
    url: `http://127.0.0.1:${relay.port}`,
    counts,
    seize: (haystack) => {
      Object.assign(counts, { asked: 0, answered: 0, framed: 0 })
      for (const tapped of connections) {
        const [asked, answered] = [Buffer.concat(tapped.asked), Buffer.concat(tapped.answered)]
        const frames = unmasked(asked)
        counts.asked += asked.length
        counts.answered += answered.length
        counts.framed += frames.length
        for (const [where, bytes] of [
          ["asked", asked],
          ["answered", answered],
          ["said on a socket", frames],
        ] as const)
          if (bytes.length > 0) haystack.scan(`the network, ${where}`, bytes)
      }
    },
    stop: async () => {
      await relay.stop()
    },
  }
}

/** What the frames hold that stand behind a client's upgrade; nothing where there is none. A frame that is not whole yet is left out. */
function unmasked(asked: Buffer): Buffer {
  const headBytes = asked.indexOf("\r\n\r\n") + 4
  if (!/^upgrade: websocket/im.test(asked.subarray(0, headBytes).toString("latin1"))) return Buffer.alloc(0)
  const payloads: Buffer[] = []
  for (let at = headBytes; at + 6 <= asked.length;) {
    const short = (asked[at + 1] ?? 0) & 0x7f
    const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0
    const maskAt = at + 2 + lengthBytes
    if (maskAt + 4 > asked.length) break
    const sizeBytes =
      lengthBytes === 0 ? short : asked.readUIntBE(maskAt - Math.min(lengthBytes, 6), Math.min(lengthBytes, 6))
    const from = maskAt + 4
    if (from + sizeBytes > asked.length) break
    payloads.push(
      Buffer.from(asked.subarray(from, from + sizeBytes).map((byte, n) => byte ^ (asked[maskAt + (n % 4)] ?? 0))),
    )
    at = from + sizeBytes
  }
  return Buffer.concat(payloads)
}
