import * as http from "node:http"
import * as https from "node:https"
import { ArchiveError } from "../../../shared/protocol/errors.js"
import type { Transport, TransportRequest } from "../http.js"

const CONNECT_TIMEOUT_MS = 10_000
const IDLE_TIMEOUT_MS = 60_000

/** Node's own client, with a connection pool per subject. `close` ends what is open, so that a process can end. */
export function createNodeTransport(): { readonly transport: Transport; close(): Promise<void> } {
  const agents = new Map<string, http.Agent>()
  const agentFor = (subject: string, isSecure: boolean): http.Agent => {
    const name = `${isSecure ? "https" : "http"} ${subject}`
    const known = agents.get(name)
    if (known !== undefined) return known
    const agent = isSecure ? new https.Agent({ keepAlive: true }) : new http.Agent({ keepAlive: true })
    agents.set(name, agent)
    return agent
  }
  return {
    transport: async (request) => {
      const response = await send(request, agentFor)
      const { signal } = request
      return {
        status: response.statusCode ?? 0,
        header: (name) => {
          const value = response.headers[name.toLowerCase()]
          return (Array.isArray(value) ? value[0] : value) ?? null
        },
        bytes: async (limitBytes) => await collect(bounded(response, limitBytes, signal)),
        chunks: (limitBytes) => bounded(response, limitBytes, signal),
      }
    },
    close: () => {
      for (const agent of agents.values()) agent.destroy()
      agents.clear()
      return Promise.resolve()
    },
  }
}

type AgentFor = (subject: string, isSecure: boolean) => http.Agent

/** @returns the head of the answer. A kept connection that the server closed meanwhile is replaced, once. */
async function send(request: TransportRequest, agentFor: AgentFor): Promise<http.IncomingMessage> {
  for (let isRepeated = false; ; isRepeated = true) {
    const { sent, answered } = begin(request, agentFor)
    try {
      return await answered
    } catch (error) {
      const wasClosed = sent.reusedSocket && Reflect.get(error as object, "code") === "ECONNRESET"
      if (isRepeated || !wasClosed || request.signal?.aborted === true) throw networkError(error, request.signal)
    }
  }
}

function begin(
  { method, url, headers, body, signal, subject }: TransportRequest,
  agentFor: AgentFor,
): { readonly sent: http.ClientRequest; readonly answered: Promise<http.IncomingMessage> } {
  const isSecure = url.startsWith("https:")
  const sent = (isSecure ? https : http).request(url, {
    method,
    headers: { ...headers, ...(body === undefined ? {} : { "content-length": body.length }) },
    agent: agentFor(subject, isSecure),
  })
  const abort = (): void => {
    // Without an error: a socket that was just given back to its pool has nobody who listens for one.
    sent.destroy()
  }
  signal?.addEventListener("abort", abort)
  const answered = new Promise<http.IncomingMessage>((resolve, reject) => {
    sent.once("response", (response) => {
      // Whoever reads the body is told of what fails; until somebody does it must not count as unhandled.
      resolve(response.on("error", () => undefined))
    })
    // It stays, also for what fails behind the head.
    sent.on("error", reject)
  })
  const connecting = setTimeout(() => sent.destroy(new Error("no connection in time")), CONNECT_TIMEOUT_MS)
  sent.once("close", () => {
    clearTimeout(connecting)
    signal?.removeEventListener("abort", abort)
  })
  sent.once("socket", (socket) => {
    const connected = (): void => {
      clearTimeout(connecting)
    }
    if (socket.connecting) socket.once(isSecure ? "secureConnect" : "connect", connected)
    else connected()
  })
  sent.setTimeout(IDLE_TIMEOUT_MS, () => sent.destroy(new Error("nothing came for too long")))
  if (signal?.aborted === true) abort()
  else sent.end(body)
  return { sent, answered }
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for await (const part of chunks) parts.push(part)
  return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts)
}

async function* bounded(
  body: AsyncIterable<Uint8Array>,
  limitBytes: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  let sizeBytes = 0
  try {
    // Leaving the loop early ends the connection.
    for await (const part of body) {
      sizeBytes += part.length
      if (sizeBytes > limitBytes) throw new ArchiveError("too-large", "the server's answer is larger than agreed")
      yield part
    }
  } catch (error) {
    throw networkError(error, signal)
  }
}

function networkError(error: unknown, signal: AbortSignal | undefined): ArchiveError {
  if (error instanceof ArchiveError) return error
  if (signal?.aborted === true)
    return new ArchiveError("interrupted", "interrupted: call again to go on from here", { cause: error })
  return new ArchiveError(
    "unavailable",
    "the server can't be reached, or broke the connection: is it running, and is its address right?",
    { cause: error },
  )
}
