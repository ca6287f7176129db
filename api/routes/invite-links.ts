import { Router } from "express"
import { createInviteLink, endInviteLink, openInviteLink } from "../../shared/server/catalog/invite-links.js"
import type { ApiContext } from "../context.js"
import { inviteLinks } from "../contract.js"
import { mountGuarded } from "../mount-guarded.js"
import { renderJoinPage } from "../page.js"

/** Invite links, which no session and no token stands beside. SPEC.md §9.1. */
export function inviteLinkRoutes(context: ApiContext): Router {
  const { catalog, origins } = context
  const router = Router()

  mountGuarded(context, router, inviteLinks.create, async ({ body }) => ({
    status: (await createInviteLink(catalog, body)) ? 201 : 200,
  }))
  mountGuarded(context, router, inviteLinks.open, async ({ body }) => ({
    status: 200,
    body: { sealed: await openInviteLink(catalog, body.key, body.opening) },
  }))
  mountGuarded(context, router, inviteLinks.end, async ({ body }) => {
    await endInviteLink(catalog, body.key)
    return { status: 204 }
  })
  // What a browser shows of a link: the secret behind the # never comes here.
  router.get("/j/", (_request, response) => {
    const [address = ""] = origins
    response.setHeader("Cache-Control", "no-store").type("html").send(renderJoinPage(address))
  })
  return router
}
