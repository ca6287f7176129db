import { Router } from "express"
import { leaveMessage, readMessage } from "../../shared/server/catalog/pairings.js"
import { pairings } from "../contract.js"
import type { ApiContext } from "../context.js"
import { mountGuarded } from "../mount-guarded.js"

/** Where two devices that are being paired meet. SPEC.md §5.5. */
export function pairingRoutes(context: ApiContext): Router {
  const { catalog } = context
  const router = Router()

  mountGuarded(context, router, pairings.leave, async ({ params, body }) => {
    const { created, value: expiresAtMs } = await leaveMessage(catalog, params.pairing, params.n, body.sealed)
    return { status: created ? 201 : 200, body: { expiresAtMs } }
  })
  mountGuarded(context, router, pairings.read, async ({ params }) => ({
    status: 200,
    body: { sealed: await readMessage(catalog, params.pairing, params.n) },
  }))
  return router
}
