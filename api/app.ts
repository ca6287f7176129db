import express, { type Express, type RequestHandler, type Router } from "express"
import helmet from "helmet"
import { errorFields } from "../shared/server/logger.js"
import { accessLog, requestId } from "./access-log.js"
import type { ApiContext } from "./context.js"
import { STYLE_HASH } from "./page.js"
import { notFound, problemHandler } from "./problems.js"
import { accountRoutes } from "./routes/accounts.js"
import { chatRoutes } from "./routes/chat.js"
import { disclosureRoutes } from "./routes/disclosure.js"
import { inviteLinkRoutes } from "./routes/invite-links.js"
import { pairingRoutes } from "./routes/pairings.js"
import { meetingRoutes } from "./routes/meetings.js"
import { serviceRoutes } from "./routes/service.js"
import { webAppFolder, webAppRoutes } from "./web-app.js"

const LOGGED_FRAMES = 4

/** The whole HTTP surface. `routers` are those of uploads and assets. */
export function createApp(context: ApiContext, routers: readonly Router[]): Express {
  const app = express()
  app.disable("x-powered-by")
  app.disable("etag")
  app.set("query parser", "simple")
  app.set("trust proxy", context.trustProxy)
  app.use(requestId, accessLog(context.logger), closeWhileDraining(context), securityHeaders())
  app.use(
    serviceRoutes(context),
    disclosureRoutes(context),
    accountRoutes(context),
    pairingRoutes(context),
    meetingRoutes(context),
    chatRoutes(context),
  )
  const webApp = webAppFolder()
  if (webApp !== null) app.use(webAppRoutes(webApp))
  app.use(inviteLinkRoutes(context), ...routers)
  app.use(notFound)
  app.use(
    problemHandler((error) => {
      context.logger.error("unexpected", { ...errorFields(error), at: placeOf(error) })
    }),
  )
  return app
}

/** Where it was thrown. Not what it says: that could hold what a request brought. */
function placeOf(error: unknown): string {
  const frames =
    error instanceof Error ? (error.stack ?? "").split("\n").filter((line) => line.startsWith("    at ")) : []
  return frames
    .slice(0, LOGGED_FRAMES)
    .map((line) => line.trim())
    .join("; ")
}

function closeWhileDraining({ lifecycle }: ApiContext): RequestHandler {
  return (_request, response, next) => {
    if (lifecycle.draining) response.setHeader("Connection", "close")
    next()
  }
}

/** No script, no frame, nothing from elsewhere; the page's own style alone. */
function securityHeaders(): RequestHandler {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        styleSrc: [STYLE_HASH],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    referrerPolicy: { policy: "no-referrer" },
  })
}
