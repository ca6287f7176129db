import * as z from "zod"
import {
  createDocument,
  type ZodOpenApiObject,
  type ZodOpenApiOperationObject,
  type ZodOpenApiPathsObject,
} from "zod-openapi"
import { Problem } from "../shared/protocol/http.js"
import { OPERATIONS } from "./contract.js"
import type { Answer, Operation, Security } from "./operations.js"

const SECURITY_SCHEMES = {
  account: { type: "http", scheme: "bearer", description: "a token of POST /v1/accounts/{account}/tokens" },
  meeting: { type: "http", scheme: "bearer", description: "a token of POST /v1/meetings/{meeting}/tokens" },
  admin: {
    type: "http",
    scheme: "bearer",
    description: "a token of POST /v1/meetings/{meeting}/tokens of scope admin, of the newest epoch",
  },
  upload: { type: "http", scheme: "bearer", description: "the upload secret, chosen by the client; base64url" },
} as const

/** Any one of them. */
const SCHEMES_OF: Readonly<Record<Exclude<Security, "none">, readonly (keyof typeof SECURITY_SCHEMES)[]>> = {
  account: ["account"],
  meeting: ["meeting"],
  admin: ["admin"],
  upload: ["upload"],
  deletion: ["upload", "admin"],
}

/** The OpenAPI 3.1 document, from the schemas that the API itself uses. */
export function openApiDocument(version: string): ReturnType<typeof createDocument> {
  const document: ZodOpenApiObject = {
    openapi: "3.1.0",
    info: {
      title: "Taciturn",
      version,
      description:
        "An end-to-end encrypted archive for meeting recordings and chat. docs/SPEC.md has the bytes inside.",
      license: { name: "AGPL-3.0-or-later", identifier: "AGPL-3.0-or-later" },
    },
    paths: pathsOf(OPERATIONS),
    components: { securitySchemes: SECURITY_SCHEMES },
  }
  return createDocument(document, {
    override: ({ zodSchema, jsonSchema, io }) => {
      // On the wire, bytes and ids are the text that their codec begins with.
      const definition = zodSchema._zod.def
      if (io !== "output" || definition.type !== "pipe" || !("in" in definition)) return
      const { $schema: _, ...text } = z.toJSONSchema(definition.in as z.ZodType, { io: "input" })
      Object.assign(jsonSchema, text)
    },
    allowEmptySchema: { custom: true, pipe: true },
  })
}

function pathsOf(operations: readonly Operation[]): ZodOpenApiPathsObject {
  const paths: Record<string, Record<string, ZodOpenApiOperationObject>> = {}
  for (const operation of operations) {
    const path = operation.path.replaceAll(/:([a-z]+)/g, "{$1}")
    paths[path] = { ...paths[path], [operation.method]: describe(operation) }
  }
  return paths
}

function describe(operation: Operation): ZodOpenApiOperationObject {
  const { params, query, body, rawBody } = operation
  const answers = Object.entries(operation.answers).map(([status, answer]) => [status, describeAnswer(answer)])
  const problems = { description: "a problem", content: { "application/problem+json": { schema: Problem } } }
  return {
    operationId: operation.id,
    tags: [operation.tag],
    summary: operation.summary,
    ...(operation.security === "none"
      ? {}
      : { security: SCHEMES_OF[operation.security].map((name) => ({ [name]: [] })) }),
    ...(params === undefined && query === undefined
      ? {}
      : {
          requestParams: {
            ...(params === undefined ? {} : { path: params as z.ZodObject }),
            ...(query === undefined ? {} : { query: query as z.ZodObject }),
          },
        }),
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: { "application/json": { schema: body } } } }),
    ...(rawBody === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: { [rawBody.mediaType]: { schema: { type: "string", format: "binary" } as const } },
          },
        }),
    responses: { ...(Object.fromEntries(answers) as Record<string, object>), default: problems },
  }
}

function describeAnswer(answer: Answer): object {
  if (answer.schema !== undefined)
    return { description: answer.description, content: { "application/json": { schema: answer.schema } } }
  if (answer.mediaType === undefined) return { description: answer.description }
  return {
    description: answer.description,
    content: { [answer.mediaType]: { schema: { type: "string", format: "binary" } } },
  }
}
