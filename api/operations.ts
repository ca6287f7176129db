import type * as z from "zod"

/** Who may call an operation, and what `Authorization: Bearer` then holds. */
export type Security = "none" | "account" | "meeting" | "admin" | "upload" | "deletion"

type Schema = z.ZodType

export interface Answer {
  readonly description: string
  /** JSON; without a schema or media type, no body. */
  readonly schema?: Schema
  readonly mediaType?: string
}

/**
 * One operation of the API: what Express mounts, and what the OpenAPI document says, are both read from it.
 * Paths are Express's; every `:name` in one has its schema in `params`.
 */
export interface Operation<
  Params extends Schema = Schema,
  Query extends Schema = Schema,
  Body extends Schema = Schema,
  Access extends Security = Security,
> {
  readonly id: string
  readonly tag: "service" | "accounts" | "meetings" | "chat" | "joining" | "uploads" | "assets"
  readonly method: "get" | "head" | "post" | "put" | "patch" | "delete"
  readonly path: string
  readonly summary: string
  readonly security: Access
  readonly params?: Params
  readonly query?: Query
  /** JSON. */
  readonly body?: Body
  /** A body that is bytes, and how many at most. */
  readonly rawBody?: { readonly mediaType: string; readonly limitBytes: number }
  readonly bodyLimitBytes?: number
  readonly answers: Readonly<Record<number, Answer>>
}

/** Keeps the schemas' types. */
export function defineOperation<
  Params extends Schema,
  Query extends Schema,
  Body extends Schema,
  const Access extends Security,
>(operation: Operation<Params, Query, Body, Access>): Operation<Params, Query, Body, Access> {
  return operation
}
