import { once } from "node:events"
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http"

/** An answer on its way from the server to a client. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body: Buffer
}

export interface AskedRequest {
  readonly method: string
  /** With the query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body: Buffer
}

/** The bytes that a `Range` header of one range asks for, inclusive. */
export function rangeOf({ headers }: AskedRequest): { readonly start: number; readonly end: number } {
  const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(String(headers["range"])) ?? []
  return { start: Number(start), end: Number(end) }
}

/** Which answers are changed, and how. `null` leaves an answer as it is. */
export interface Lie {
  readonly method?: string
  readonly path: RegExp
  readonly tell: (answer: Answer, asked: AskedRequest) => Answer | Buffer | null | Promise<Answer | Buffer | null>
}

/** A layer between a real server and real clients. It passes everything on as it is, until it is told to lie. */
export interface Liar {
  readonly url: string
  /** The server behind it, once that has started. */
  target: string
  /** Lies until `stop`. @returns how often the lie was delivered so far. */
  lie(lie: Lie): { delivered(): number; stop(): void }
  /** Everything that was asked since the last time this was called. */
  asked(): readonly AskedRequest[]
  /** For sockets that lie: what is passed on are requests alone. */
  readonly server: Server
  stop(): Promise<void>
}

/** Headers of one connection, RFC 9110 §7.6.1, and what a changed body makes wrong. */
const DROPPED = new Set(["connection", "keep-alive", "transfer-encoding", "content-length"])

export async function startLiar(): Promise<Liar> {
  const lies = new Map<Lie, { count: number }>()
  let asked: AskedRequest[] = []
  let target = ""
  const server = createServer((incoming, outgoing) => {
    pass(incoming, outgoing).catch(() => outgoing.destroy())
  })

  async function pass(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const ask: AskedRequest = {
      method: incoming.method ?? "GET",
      path: incoming.url ?? "/",
      headers: incoming.headers,
      body: await bodyOf(incoming),
    }
    asked.push(ask)
    let answer = await forward(target, ask)
    for (const [lie, told] of lies) {
      if ((lie.method ?? ask.method) !== ask.method || !lie.path.test(ask.path)) continue
      const changed = await lie.tell(answer, ask)
      if (changed === null) continue
      answer = Buffer.isBuffer(changed) ? { ...answer, body: changed } : changed
      told.count += 1
    }
    const headers = Object.entries(answer.headers).filter(([name]) => !DROPPED.has(name)) as [string, string][]
    outgoing.writeHead(answer.status, Object.fromEntries(headers))
    outgoing.end(ask.method === "HEAD" ? undefined : answer.body)
  }

  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  const port = typeof address === "object" && address !== null ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}`,
    get target() {
      return target
    },
    set target(url) {
      target = url
    },
    lie: (lie) => {
      const told = { count: 0 }
      lies.set(lie, told)
      return {
        delivered: () => told.count,
        stop: () => {
          lies.delete(lie)
        },
      }
    },
    asked: () => {
      const since = asked
      asked = []
      return since
    },
    server,
    stop: async () => {
      server.close()
      server.closeAllConnections()
      await once(server, "close")
    },
  }
}

async function forward(target: string, { method, path, headers, body }: AskedRequest): Promise<Answer> {
  const far = request(`${target}${path}`, { method, headers: { ...headers, connection: "close" } })
  far.end(body)
  const [response] = (await once(far, "response")) as [IncomingMessage]
  return { status: response.statusCode ?? 0, headers: response.headers, body: await bodyOf(response) }
}

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of message as AsyncIterable<Buffer>) parts.push(part)
  return Buffer.concat(parts)
}
