import { Router } from "express"
import { HTTP_LIMITS } from "../../shared/protocol/http.js"
import { LIMITS } from "../../shared/protocol/limits.js"
import { CHUNK_BYTES, MAX_STREAM_BYTES } from "../../shared/protocol/sizes.js"
import type { ApiContext } from "../context.js"
import { service } from "../contract.js"
import { mountGuarded } from "../mount-guarded.js"
import { openApiDocument } from "../openapi.js"
import { renderPage } from "../page.js"

/** Health, readiness, the instance, the OpenAPI document, the page. */
export function serviceRoutes(context: ApiContext): Router {
  const { instance, version, origins, lifecycle } = context
  const router = Router()
  const openApi = JSON.stringify(openApiDocument(version))

  const readiness = async (): Promise<"ready" | "draining" | "unavailable"> => {
    if (lifecycle.draining) return "draining"
    return context.probe().then(
      () => "ready" as const,
      () => "unavailable" as const,
    )
  }

  mountGuarded(context, router, service.health, () => ({ status: 200, body: { status: "ok", version } }))
  mountGuarded(context, router, service.readiness, async () => {
    const status = await readiness()
    return { status: status === "ready" ? 200 : 503, body: { status } }
  })
  mountGuarded(context, router, service.instance, () => ({
    status: 200,
    body: {
      version,
      instance: instance.instanceId,
      instanceKey: instance.instanceKey,
      serverKeys: instance.serverKeys,
      incarnation: instance.incarnation,
      meetingCreation: context.meetingCode === null ? "open" : "code",
      limits: {
        streamBytes: MAX_STREAM_BYTES,
        pieceBytes: CHUNK_BYTES,
        unstoredBytes: context.unstoredBytes,
        meetingBytes: context.meetingBytes,
        inboxEntries: HTTP_LIMITS.inboxEntries,
        eventBytes: LIMITS.eventBytes,
        epochEventBytes: LIMITS.epochEventBytes,
      },
    },
  }))
  router.get("/openapi.json", (_request, response) => {
    response.type("application/json").send(openApi)
  })
  router.get("/", async (_request, response) => {
    const ready = (await readiness()) === "ready"
    // Known only once the server listens.
    const [address = ""] = origins
    response.setHeader("Cache-Control", "no-store").type("html").send(renderPage({ version, address, ready }))
  })
  return router
}
