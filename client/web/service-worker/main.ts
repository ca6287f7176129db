import { askPages } from "./ask-pages.js"
import { type PageMessage, PLAYBACK_PATH } from "./messages.js"
import { PlayBodies } from "./play-bodies.js"

/** The app's service worker: it carries a player's requests to the page that opens the recording, and does nothing else. */

declare const self: ServiceWorkerGlobalScope

const worker = crypto.randomUUID()
const bodies = new PlayBodies(self.clients)

self.addEventListener("install", (event) => {
  event.waitUntil(self.skipWaiting())
})

self.addEventListener("activate", (event) => {
  event.waitUntil(self.clients.claim())
})

self.addEventListener("message", (event) => {
  const { kind } = event.data as PageMessage
  // A page that was loaded past its worker has none until it is claimed.
  if (kind === "claim") event.waitUntil(self.clients.claim())
  if (kind === "drop") bodies.drop()
})

self.addEventListener("fetch", (event) => {
  const { pathname, origin } = new URL(event.request.url)
  if (origin === self.location.origin && pathname.startsWith(PLAYBACK_PATH))
    event.respondWith(play(event, pathname.slice(PLAYBACK_PATH.length)))
})

async function play(event: FetchEvent, id: string): Promise<Response> {
  const { method, headers } = event.request
  if (method !== "GET" && method !== "HEAD") return refusal(405, { allow: "GET, HEAD" })
  const answer = await askPages(self.clients, event.clientId, {
    kind: "play",
    id,
    worker,
    method,
    range: headers.get("range"),
  })
  if (answer === "unknown") return refusal(404)
  if (answer === "no-page") return refusal(503)
  const { head, port, page } = answer
  const init = { status: head.status, headers: head.headers }
  if (head.hasBody) return new Response(bodies.of(port, page), init)
  port.close()
  return new Response(null, init)
}

function refusal(status: number, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(null, { status, headers: { ...headers, "cache-control": "no-store" } })
}
