import { Agent, request } from "undici"
import { ArchiveError } from "../../../shared/protocol/errors.js"
import type { Transport } from "../http.js"

const CONNECT_TIMEOUT_MS = 10_000
const IDLE_TIMEOUT_MS = 60_000

/** undici, with a connection pool per subject. `close` ends idle connections, so that a process can end. */
export function createNodeTransport(): { readonly transport: Transport; close(): Promise<void> } {
  const agents = new Map<string, Agent>()
  const agentFor = (subject: string): Agent => {
    const known = agents.get(subject)
    if (known !== undefined) return known
    const agent = new Agent({
      connect: { timeout: CONNECT_TIMEOUT_MS },
      headersTimeout: IDLE_TIMEOUT_MS,
      bodyTimeout: IDLE_TIMEOUT_MS,
    })
    agents.set(subject, agent)
    return agent
  }
  return {
    transport: async ({ method, url, headers, body, signal, subject }) => {
      const sent = request(url, {
        method,
        headers: { ...headers },
        dispatcher: agentFor(subject),
        ...(body === undefined ? {} : { body }),
        ...(signal === undefined ? {} : { signal }),
      })
      const response = await sent.catch((error: unknown) => {
        throw networkError(error, signal)
      })
      return {
        status: response.statusCode,
        header: (name) => {
          const value = response.headers[name.toLowerCase()]
          return (Array.isArray(value) ? value[0] : value) ?? null
        },
        bytes: async (limitBytes) => await collect(bounded(response.body, limitBytes, signal)),
        chunks: (limitBytes) => bounded(response.body, limitBytes, signal),
      }
    },
    close: async () => {
      await Promise.all(
        [...agents.values()].map(async (agent) => {
          await agent.destroy()
        }),
      )
      agents.clear()
    },
  }
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
