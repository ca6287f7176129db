import { Router } from "express"
import { HTTP_LIMITS } from "../../shared/protocol/http.js"
import { requireNewestEpoch } from "../../shared/server/catalog/capabilities.js"
import { type MessageCursor, readMessages, readPosted } from "../../shared/server/catalog/messages.js"
import type { ApiContext } from "../context.js"
import { KnownTokens } from "../chat/known-tokens.js"
import { chat } from "../contract.js"
import { mountGuarded } from "../mount-guarded.js"

/** A meeting's chat. SPEC.md §16.4. */
export function chatRoutes(context: ApiContext): Router {
  const { commits } = context
  const router = Router()
  const tokens = new KnownTokens(context.catalog)

  mountGuarded(
    context,
    router,
    chat.post,
    async ({ params, body, grant }) => {
      requireNewestEpoch(grant)
      const { createdDay, place } = await commits.post(params.meeting, readPosted(params.meeting, grant, body.message))
      return { status: createdDay === null ? 200 : 201, body: place }
    },
    (token) => tokens.find(token),
  )
  mountGuarded(context, router, chat.read, async ({ params, query, grant }) => {
    requireNewestEpoch(grant)
    const { from, before, day, limit = HTTP_LIMITS.messagesPerPage } = query
    const cursor: MessageCursor =
      from !== undefined ? { from } : day !== undefined ? { day } : { before: before ?? null }
    return { status: 200, body: await readMessages(context, params.meeting, cursor, Math.max(1, limit)) }
  })
  return router
}
