import express, { type Request, type RequestHandler, type Response, type Router } from "express"
import * as z from "zod"
import { ArchiveError } from "../shared/protocol/errors.js"
import { HTTP_LIMITS } from "../shared/protocol/http.js"
import type { Operation } from "./operations.js"

/** What a handler gets, parsed and branded. */
export interface Call<Params extends z.ZodType, Query extends z.ZodType, Body extends z.ZodType> {
  readonly params: z.output<Params>
  readonly query: z.output<Query>
  readonly body: z.output<Body>
  readonly rawBody: Uint8Array
  readonly request: Request
}

export interface Reply {
  readonly status: number
  /** As the operation's schema for this status has it, before it is encoded. */
  readonly body?: unknown
}

type Awaitable<T> = T | Promise<T>

/**
 * Mounts one operation. In this order: the guards, before a body is read; parsing; the handler;
 * the answer, encoded by the operation's own schema.
 */
export function mount<Params extends z.ZodType, Query extends z.ZodType, Body extends z.ZodType>(
  router: Router,
  operation: Operation<Params, Query, Body>,
  guards: readonly RequestHandler[],
  handle: (call: Call<Params, Query, Body>) => Awaitable<Reply>,
): void {
  router[operation.method](operation.path, ...guards, ...bodyParsers(operation), async (request, response) => {
    const reply = await handle({
      params: parse(operation.params, request.params, "the address"),
      query: parse(operation.query, request.query, "the query"),
      body: parse(operation.body, request.body, "the body"),
      rawBody: rawBodyOf(operation, request),
      request,
    })
    answer(response, operation, reply)
  })
}

function bodyParsers(operation: Operation): readonly RequestHandler[] {
  const { rawBody } = operation
  if (rawBody !== undefined) {
    return [
      requireType(rawBody.mediaType),
      express.raw({ type: rawBody.mediaType, limit: rawBody.limitBytes, inflate: false }),
    ]
  }
  if (operation.body === undefined) return []
  const limit = operation.bodyLimitBytes ?? HTTP_LIMITS.bodyBytes
  return [requireType("application/json"), express.json({ limit, inflate: false, strict: true })]
}

function requireType(mediaType: string): RequestHandler {
  return (request, _response, next) => {
    if (request.is(mediaType) === false) throw new ArchiveError("unsupported", `a body of ${mediaType} is needed`)
    next()
  }
}

function rawBodyOf(operation: Operation, request: Request): Uint8Array {
  if (operation.rawBody === undefined) return new Uint8Array(0)
  const body: unknown = request.body
  if (!Buffer.isBuffer(body)) throw new ArchiveError("malformed", "a body is needed")
  return body
}

/** @throws {@link ArchiveError} `malformed`, with the place but nothing of the value. */
export function parse<Schema extends z.ZodType>(
  schema: Schema | undefined,
  raw: unknown,
  where: string,
): z.output<Schema> {
  const result = (schema ?? z.unknown()).safeParse(raw)
  if (result.success) return result.data as z.output<Schema>
  const [issue] = result.error.issues
  const place = issue === undefined || issue.path.length === 0 ? where : `${where}, ${issue.path.map(String).join(".")}`
  const isLong = issue?.code === "too_big" && (issue.origin === "string" || issue.origin === "array")
  const code = isLong ? "too-large" : "malformed"
  throw new ArchiveError(code, code === "too-large" ? "larger than allowed" : "not what this operation takes", {
    place,
  })
}

function answer(response: Response, operation: Operation, reply: Reply): void {
  response.status(reply.status).setHeader("Cache-Control", "no-store")
  const schema = operation.answers[reply.status]?.schema
  if (schema === undefined) response.end()
  else response.json(z.encode(schema, reply.body))
}
