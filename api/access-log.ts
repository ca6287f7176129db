import { randomBytes } from "node:crypto"
import type { RequestHandler, Response } from "express"
import type { Logger } from "../shared/server/logger.js"
import { CODE_LOCAL } from "./problems.js"

const REQUEST_ID_BYTES = 8

/** A fresh id for each request, in `Request-Id` and in what is logged of it. One that a client sends is not taken over. */
export const requestId: RequestHandler = (_request, response, next) => {
  response.setHeader("Request-Id", randomBytes(REQUEST_ID_BYTES).toString("hex"))
  next()
}

/** Logs of every request its method, the pattern of its route, status, size and code; never an address, a query, an id, or a header. */
export function accessLog(logger: Logger): RequestHandler {
  return (request, response, next) => {
    response.once("close", () => {
      const code: unknown = response.locals[CODE_LOCAL]
      logger.info("request", {
        requestId: String(response.getHeader("Request-Id")),
        method: request.method,
        route: routePattern(request.route),
        status: response.statusCode,
        sizeBytes: sizeOf(response),
        ...(typeof code === "string" ? { code } : {}),
        ...(response.writableFinished ? {} : { aborted: true }),
      })
    })
    next()
  }
}

function routePattern(route: unknown): string {
  const pattern = typeof route === "object" && route !== null && "path" in route ? route.path : undefined
  return typeof pattern === "string" ? pattern : "none"
}

function sizeOf(response: Response): number {
  const size = Number(response.getHeader("Content-Length") ?? 0)
  return Number.isSafeInteger(size) ? size : 0
}
