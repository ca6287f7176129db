import type { RequestHandler, Router } from "express"
import type * as z from "zod"
import type { AccountId, MeetingId } from "../shared/protocol/ids.js"
import type { Grant } from "../shared/server/catalog/capabilities.js"
import { authoriseAccount, authoriseAdmin, authoriseMeeting, type FindGrant } from "./authorise.js"
import type { ApiContext } from "./context.js"
import { type Call, mount, parse, type Reply } from "./mount.js"
import type { Operation, Security } from "./operations.js"

export type GuardedCall<
  Params extends z.ZodType,
  Query extends z.ZodType,
  Body extends z.ZodType,
  Access extends Security,
> = Omit<Call<Params, Query, Body>, "request"> & {
  /** What the token allows; it is for the account or meeting of the address. */
  readonly grant: Access extends "account" | "meeting" | "admin" ? Grant : undefined
}

const GRANT_LOCAL = "grant"

/**
 * Mounts an operation behind what its `security` asks for, and behind the limits on how often.
 * @param find of a meeting's token what it allows, where that is not to be asked of the catalog each time.
 */
export function mountGuarded<
  Params extends z.ZodType,
  Query extends z.ZodType,
  Body extends z.ZodType,
  Access extends Security,
>(
  context: ApiContext,
  router: Router,
  operation: Operation<Params, Query, Body, Access>,
  handle: (call: GuardedCall<Params, Query, Body, Access>) => Reply | Promise<Reply>,
  find?: FindGrant,
): void {
  mount(router, operation, guards(context, operation, find), ({ request, ...call }) =>
    handle({ ...call, grant: request.res?.locals[GRANT_LOCAL] as GuardedCall<Params, Query, Body, Access>["grant"] }),
  )
}

function guards(context: ApiContext, operation: Operation, find: FindGrant | undefined): readonly RequestHandler[] {
  const { catalog, limits } = context
  if (operation.tag === "service") return []
  if (operation.security === "none") return [limits.door]
  const authorise: RequestHandler = async (request, response, next) => {
    const params = parse(operation.params, request.params, "the address") as { account: AccountId; meeting: MeetingId }
    response.locals[GRANT_LOCAL] =
      operation.security === "account"
        ? await authoriseAccount(catalog, request, params.account)
        : operation.security === "admin"
          ? await authoriseAdmin(catalog, request, params.meeting)
          : await authoriseMeeting(catalog, request, params.meeting, find)
    next()
  }
  return [authorise, limits.token]
}
