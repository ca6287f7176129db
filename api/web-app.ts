import { existsSync } from "node:fs"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import express, { type RequestHandler, type Response, Router } from "express"

/** The web app's files: static, the same for everybody. What they do happens in browsers. */

/** Beside this file where it was compiled, in `dist` where it runs from its source. */
const FOLDERS = ["../web/", "../dist/web/"].map((place) => fileURLToPath(new URL(place, import.meta.url)))
const ONE_YEAR_S = 31_536_000

/**
 * No script but the app's own files, no string that becomes script (Trusted Types), no request to another origin. WebAssembly is what seals and opens.
 * On the service worker's own answer as well: it is under the policy that it came with.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "img-src 'self' blob:",
  "media-src 'self' blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types taciturn",
].join("; ")
const PERMISSIONS =
  "camera=(self), microphone=(self), display-capture=(self), fullscreen=(self), picture-in-picture=(self), geolocation=(), payment=(), usb=()"

/** `null` where the app was not built. */
export function webAppFolder(): string | null {
  return FOLDERS.find((folder) => existsSync(join(folder, "index.html"))) ?? null
}

/** The app at `/app/`. What stands behind the `#` of its addresses reaches no server. */
export function webAppRoutes(folder: string): Router {
  const router = Router()
  const page: RequestHandler = async (_request, response) => {
    secure(response)
    response.setHeader("Cache-Control", "no-cache")
    response.type("html").send(await readFile(join(folder, "index.html")))
  }
  router.get("/app/", page)
  router.get("/app", (_request, response) => {
    response.redirect(308, "/app/")
  })
  // Links to cards and invitations, opened or scanned: what they bring stands behind the `#`, which browsers carry along, and no server is told.
  router.get(["/c", "/j"], (_request, response) => {
    response.redirect(302, "/app/")
  })
  router.use(
    "/app",
    express.static(folder, {
      index: false,
      redirect: false,
      etag: true,
      lastModified: false,
      setHeaders: (response: Response, path) => {
        secure(response)
        // Names under assets/ are hashes of contents.
        const isHashed = path.startsWith(join(folder, "assets"))
        response.setHeader("Cache-Control", isHashed ? `public, max-age=${ONE_YEAR_S}, immutable` : "no-cache")
      },
    }),
  )
  return router
}

function secure(response: Response): void {
  response.setHeader("Content-Security-Policy", POLICY)
  response.setHeader("Permissions-Policy", PERMISSIONS)
}
