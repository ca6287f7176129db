import { rateLimit, ipKeyGenerator, MemoryStore, type Options } from "express-rate-limit"
import type { Request, RequestHandler } from "express"
import { toHex, utf8 } from "../shared/protocol/bytes.js"
import { ArchiveError } from "../shared/protocol/errors.js"
import { sha256 } from "../shared/protocol/hash.js"
import { sendProblem } from "./problems.js"

const WINDOW_MS = 60_000

export interface RateLimits {
  /** For operations that anyone may call: by address. */
  readonly door: RequestHandler
  /** Behind a checked token: by its hash, so that an address shared by many is no matter. */
  readonly token: RequestHandler
  /** Counts a message that came on a socket, by the hash of the socket's token, beside its requests. @returns whether it is within the limit. */
  readonly takesPost: (tokenHash: Uint8Array) => Promise<boolean>
}

/** Requests per minute, in this process; 0 for no limit. Uploads and streams are bounded by their own backpressure instead. */
export function createRateLimits(perMinute: { readonly door: number; readonly token: number }): RateLimits {
  return {
    door: limiter(perMinute.door, (request) => ipKeyGenerator(request.ip ?? "")),
    token: limiter(perMinute.token, (request) => toHex(sha256(utf8(request.headers.authorization ?? "")))),
    takesPost: counter(perMinute.token),
  }
}

function counter(limit: number): RateLimits["takesPost"] {
  const store = new MemoryStore()
  store.init({ windowMs: WINDOW_MS } as Options)
  return async (tokenHash) => limit === 0 || (await store.increment(toHex(tokenHash))).totalHits <= limit
}

function limiter(limit: number, keyGenerator: (request: Request) => string): RequestHandler {
  return rateLimit({
    windowMs: WINDOW_MS,
    limit,
    keyGenerator,
    skip: () => limit === 0,
    standardHeaders: "draft-8",
    legacyHeaders: false,
    // It would print headers of requests to standard error.
    validate: false,
    handler: (_request, response) => {
      sendProblem(response, new ArchiveError("rate-limited", "too many requests in a minute"))
    },
  })
}
