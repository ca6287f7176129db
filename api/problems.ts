import type { ErrorRequestHandler, Request, RequestHandler, Response } from "express"
import { ArchiveError, type ErrorCode, isArchiveError } from "../shared/protocol/errors.js"

/** RFC 9457 problems: the one form in which the API refuses. A code that lacks a status does not compile. */
const STATUSES: Record<ErrorCode, number> = {
  malformed: 400,
  usage: 400,
  truncated: 400,
  interrupted: 400,
  "unsupported-version": 400,
  unauthenticated: 401,
  forbidden: 403,
  "not-authorised": 403,
  "not-found": 404,
  timeout: 408,
  conflict: 409,
  exists: 409,
  fork: 409,
  rollback: 409,
  changed: 409,
  "instance-changed": 409,
  "not-accepted": 409,
  "not-renewed": 409,
  gone: 410,
  "too-large": 413,
  unsupported: 415,
  "cannot-open": 422,
  "bad-signature": 422,
  "bad-chain": 422,
  "bad-boxes": 422,
  "bad-receipt": 422,
  integrity: 422,
  replayed: 422,
  "rate-limited": 429,
  internal: 500,
  unavailable: 503,
  "out-of-space": 507,
  "quota-exceeded": 507,
  "inbox-full": 507,
}

const RETRY_AFTER_SECONDS: Partial<Record<ErrorCode, number>> = {
  unavailable: 2,
  "out-of-space": 30,
  "rate-limited": 10,
  timeout: 1,
}

/** Where the code is noted for the access log. */
export const CODE_LOCAL = "problemCode"

export function statusOf(code: ErrorCode): number {
  return STATUSES[code]
}

/** Seconds for `Retry-After`, where a retry makes sense. */
export function retryAfterSeconds(error: ArchiveError): number | undefined {
  return error.retryAfterMs === undefined ? RETRY_AFTER_SECONDS[error.code] : Math.ceil(error.retryAfterMs / 1000)
}

/** The body of a problem. Nothing of the input stands in it, and nothing of what went wrong inside. */
export function problemOf(error: ArchiveError): Record<string, string | number | boolean> {
  const internal = error.code === "internal"
  return {
    type: `urn:taciturn:problem:${error.code}`,
    title: error.code.replaceAll("-", " "),
    status: statusOf(error.code),
    detail: internal ? "something went wrong inside the server" : error.message,
    code: error.code,
    retryable: error.retryable,
    ...(error.place === undefined ? {} : { place: error.place }),
  }
}

export function sendProblem(response: Response, error: ArchiveError): void {
  response.locals[CODE_LOCAL] = error.code
  const seconds = retryAfterSeconds(error)
  if (seconds !== undefined) response.setHeader("Retry-After", seconds)
  // RFC 9110 §11.6.1: a 401 says how to authenticate.
  if (error.code === "unauthenticated") response.setHeader("WWW-Authenticate", 'Bearer realm="taciturn"')
  response
    .status(statusOf(error.code))
    .type("application/problem+json")
    .send(JSON.stringify(problemOf(error)))
}

export const notFound: RequestHandler = (_request, response) => {
  sendProblem(response, new ArchiveError("not-found", "no such address"))
}

/** Everything thrown by a handler ends here. `report` gets what was not expected, to be logged. */
export function problemHandler(report: (error: unknown, request: Request) => void): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    const known = asArchiveError(error)
    if (known.code === "internal") report(error, request)
    if (response.headersSent) {
      response.locals[CODE_LOCAL] = known.code
      next(error)
      return
    }
    // What is left of the body is not wanted: the connection ends after the answer.
    if (!request.complete) response.setHeader("Connection", "close")
    sendProblem(response, known)
  }
}

/** What Express's body parsers throw, by their `type`. */
const PARSER_ERRORS: Readonly<Record<string, [ErrorCode, string]>> = {
  "entity.too.large": ["too-large", "a body larger than allowed"],
  "entity.parse.failed": ["malformed", "not JSON"],
  "entity.verify.failed": ["malformed", "not JSON"],
  "encoding.unsupported": ["unsupported", "a content encoding that is not known here"],
  "charset.unsupported": ["unsupported", "a charset that is not known here"],
  "request.aborted": ["interrupted", "the request ended early"],
  "request.size.invalid": ["interrupted", "a body of another length than announced"],
}

function asArchiveError(error: unknown): ArchiveError {
  if (isArchiveError(error)) return error
  if (error instanceof URIError) return new ArchiveError("malformed", "an address that cannot be decoded")
  const type = error instanceof Error && "type" in error ? String(error.type) : ""
  const known = PARSER_ERRORS[type]
  return known === undefined ? new ArchiveError("internal", "unexpected", { cause: error }) : new ArchiveError(...known)
}
