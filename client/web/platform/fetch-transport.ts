import { concatBytes } from "../../../shared/protocol/bytes.js"
import { ArchiveError, isArchiveError } from "../../../shared/protocol/errors.js"
import type { Transport } from "../../sdk/http.js"
import { FETCH_OPTIONS } from "./fetch-options.js"
import { LARGE_BODY_BYTES, sendByWorker } from "./large-sends.js"

const IDLE_TIMEOUT_MS = 60_000
/** `fetch` tells of no progress while it sends: a line slower than this is taken for broken. */
const SLOWEST_BYTES_PER_MS = 16

/** The browser's own client. */
export const fetchTransport: Transport = async ({ method, url, headers, body, signal }) => {
  const patience = new Patience(signal)
  patience.begin(IDLE_TIMEOUT_MS + (body?.length ?? 0) / SLOWEST_BYTES_PER_MS)
  const asking =
    body !== undefined && body.length >= LARGE_BODY_BYTES.least && body.length <= LARGE_BODY_BYTES.most
      ? sendByWorker(url, { method, headers, body, signal: patience.signal })
      : fetch(url, {
          ...FETCH_OPTIONS,
          method,
          headers,
          // A browser sends what no thread shares; nothing here does.
          ...(body === undefined ? {} : { body: body as Uint8Array<ArrayBuffer> }),
          signal: patience.signal,
        })
  const response = await asking.catch((cause: unknown) => {
    throw networkError(cause, signal)
  })
  patience.pause()
  return {
    status: response.status,
    header: (name) => response.headers.get(name),
    bytes: async (limitBytes) => {
      const parts: Uint8Array[] = []
      for await (const part of bounded(response, limitBytes, patience)) parts.push(part)
      const [only] = parts
      return parts.length === 1 && only !== undefined ? only : concatBytes(...parts)
    },
    chunks: (limitBytes) => bounded(response, limitBytes, patience),
  }
}

/** Ends a request for which nothing comes for too long, or whose caller gave it up. */
class Patience {
  readonly given: AbortSignal | undefined
  readonly signal: AbortSignal
  readonly #ending = new AbortController()
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(given: AbortSignal | undefined) {
    this.given = given
    this.signal = given === undefined ? this.#ending.signal : AbortSignal.any([given, this.#ending.signal])
  }

  begin(limitMs: number): void {
    this.pause()
    this.#timer = setTimeout(() => {
      this.#ending.abort()
    }, limitMs)
  }

  pause(): void {
    clearTimeout(this.#timer)
  }
}

async function* bounded(response: Response, limitBytes: number, patience: Patience): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader()
  if (reader === undefined) return
  let sizeBytes = 0
  try {
    for (;;) {
      patience.begin(IDLE_TIMEOUT_MS)
      const { done, value } = await reader.read()
      patience.pause()
      if (done) return
      sizeBytes += value.length
      if (sizeBytes > limitBytes) throw new ArchiveError("too-large", "the server's answer is larger than agreed")
      yield value
    }
  } catch (error) {
    throw networkError(error, patience.given)
  } finally {
    patience.pause()
    // Whoever leaves early ends the connection; of one that ended there is nothing to say.
    reader.cancel().catch(() => undefined)
  }
}

function networkError(cause: unknown, signal: AbortSignal | undefined): ArchiveError {
  if (isArchiveError(cause)) return cause
  return signal?.aborted === true
    ? new ArchiveError("interrupted", "interrupted: call again to go on from here", { cause })
    : new ArchiveError("unavailable", "the server can't be reached, or broke the connection", { cause })
}
