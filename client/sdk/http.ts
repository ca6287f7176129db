import * as z from "zod"
import { toBase64Url } from "../../shared/protocol/bytes.js"
import { ArchiveError, isArchiveError } from "../../shared/protocol/errors.js"
import { Problem } from "../../shared/protocol/http.js"
import { type RetryOptions, withRetry } from "./retry.js"

export interface TransportRequest {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE"
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Uint8Array
  readonly signal?: AbortSignal | undefined
  /** Requests of one subject share connections; those of two never do, so that a connection joins no account to a meeting. */
  readonly subject: string
}

export interface TransportResponse {
  readonly status: number
  header(name: string): string | null
  /** The whole body, of at most `limitBytes`. @throws {@link ArchiveError} `too-large`, or the network's failure. */
  bytes(limitBytes: number): Promise<Uint8Array>
  /** The body as it comes, of at most `limitBytes`; whoever stops reading calls `return`. The same failures. */
  chunks(limitBytes: number): AsyncIterable<Uint8Array>
}

/** Sends a request. @throws {@link ArchiveError} `unavailable` where there is no answer, `interrupted`. */
export type Transport = (request: TransportRequest) => Promise<TransportResponse>

export interface RequestOptions {
  readonly method?: TransportRequest["method"]
  readonly path: string
  readonly subject: string
  readonly token?: Uint8Array | null
  readonly headers?: Readonly<Record<string, string>>
  readonly json?: unknown
  readonly body?: Uint8Array
  readonly signal?: AbortSignal | undefined
}

const JSON_LIMIT_BYTES = 16 * 1024 * 1024
const SHORT_ANSWER_BYTES = 64 * 1024
/** For what a person waits for at a prompt; uploads are given more. */
const PATIENCE_MS = 15_000

/** The server, as this client reaches it. */
export class Http {
  readonly baseUrl: string
  readonly origin: string
  readonly #transport: Transport
  readonly #retry: RetryOptions

  constructor(baseUrl: string, transport: Transport, retry: Partial<RetryOptions> = {}) {
    const url = URL.canParse(baseUrl) ? new URL(baseUrl) : null
    if (url === null || !/^https?:$/.test(url.protocol))
      throw new ArchiveError("usage", `${baseUrl} is no http(s) address of a server`)
    this.origin = url.origin
    this.baseUrl = url.href.replace(/\/$/, "")
    this.#transport = transport
    this.#retry = { patienceMs: PATIENCE_MS, ...retry }
  }

  /** One request, no retry. @throws {@link ArchiveError} with the code of the server's problem. */
  async send(options: RequestOptions): Promise<TransportResponse> {
    const headers: Record<string, string> = { ...options.headers }
    if (options.token != null) headers["authorization"] = `Bearer ${toBase64Url(options.token)}`
    let { body } = options
    if (options.json !== undefined) {
      headers["content-type"] = "application/json"
      body = new TextEncoder().encode(JSON.stringify(options.json))
    }
    const response = await this.#transport({
      method: options.method ?? "GET",
      url: `${this.baseUrl}${options.path}`,
      headers,
      subject: options.subject,
      signal: options.signal,
      ...(body === undefined ? {} : { body }),
    })
    if (response.status >= 400) throw await problemOf(response)
    return response
  }

  /** One request of whose answer the head says all. It is read to its end: a connection with something unread serves no other request. @throws {@link ArchiveError} */
  async headOf(options: RequestOptions): Promise<TransportResponse> {
    const response = await this.send(options)
    await response.bytes(SHORT_ANSWER_BYTES)
    return response
  }

  /** A request whose JSON answer fits `schema`, sent again while the server says "not now". */
  async json<S extends z.ZodType>(schema: S, options: RequestOptions): Promise<z.output<S>> {
    return (await this.jsonLater(schema, options))()
  }

  /** As `json`; what came is taken apart once somebody wants it: until then it is held in one piece. */
  async jsonLater<S extends z.ZodType>(schema: S, options: RequestOptions): Promise<() => z.output<S>> {
    const raw = await withRetry(async () => await (await this.send(options)).bytes(JSON_LIMIT_BYTES), {
      ...this.#retry,
      signal: options.signal ?? this.#retry.signal,
    })
    return () => parseAnswer(schema, raw)
  }
}

/** @throws {@link ArchiveError} `malformed` unless `raw` is JSON that fits. */
export function parseAnswer<S extends z.ZodType>(schema: S, raw: Uint8Array): z.output<S> {
  try {
    return z.decode(schema, JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(raw)) as z.input<S>)
  } catch (cause) {
    if (isArchiveError(cause)) throw cause
    throw new ArchiveError("malformed", "the server's answer is not of the form that was agreed", { cause })
  }
}

async function problemOf(response: TransportResponse): Promise<ArchiveError> {
  const retryAfter = Number(response.header("retry-after") ?? Number.NaN)
  const timing = Number.isFinite(retryAfter) ? { retryAfterMs: retryAfter * 1_000 } : {}
  try {
    const problem = parseAnswer(Problem, await response.bytes(SHORT_ANSWER_BYTES))
    return new ArchiveError(problem.code, problem.detail, { retryable: problem.retryable, ...timing })
  } catch (error) {
    if (isArchiveError(error) && error.code === "interrupted") return error
    const { status } = response
    const code =
      status === 429
        ? "rate-limited"
        : status >= 500
          ? "unavailable"
          : status === 404
            ? "not-found"
            : status === 401
              ? "unauthenticated"
              : status === 403
                ? "forbidden"
                : status === 410
                  ? "gone"
                  : "malformed"
    return new ArchiveError(code, `the server answered ${status}`, timing)
  }
}
