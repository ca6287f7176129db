import { ArchiveError } from "../../../shared/protocol/errors.js"
import { trustedScriptUrl } from "../platform/trusted-urls.js"
import type { PageMessage } from "../service-worker/messages.js"

const SCRIPT = "/app/sw.js"
const SCOPE = "/app/"
const START_LIMIT_MS = 10_000
const CLAIM_ATTEMPTS = 5
const CLAIM_WAIT_MS = 1_000

/**
 * The app's service worker, in charge of this page when it resolves.
 * @throws {@link ArchiveError} `unsupported` where the browser runs none here, as in some private windows.
 */
export async function registerServiceWorker(): Promise<ServiceWorkerRegistration> {
  if (!("serviceWorker" in navigator)) throw unsupported()
  const { serviceWorker } = navigator
  let registration
  try {
    registration = await serviceWorker.register(trustedScriptUrl(SCRIPT), { scope: SCOPE, updateViaCache: "none" })
    await active(serviceWorker)
  } catch (cause) {
    throw unsupported(cause)
  }
  // After a hard reload a page has no worker, and is never told of one: it must ask to be claimed.
  for (let attempt = 1; serviceWorker.controller === null; attempt++) {
    if (attempt > CLAIM_ATTEMPTS) throw unsupported()
    registration.active?.postMessage({ kind: "claim" } satisfies PageMessage)
    await controlled(serviceWorker)
  }
  return registration
}

/** Tells the service worker something, where there is one. */
export async function tellServiceWorker(kind: PageMessage["kind"]): Promise<void> {
  if (!("serviceWorker" in navigator)) return
  const registration = await navigator.serviceWorker.getRegistration(SCOPE)
  registration?.active?.postMessage({ kind } satisfies PageMessage)
}

/** One that never comes to run must not keep a recording from being played otherwise. */
async function active(serviceWorker: ServiceWorkerContainer): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(unsupported())
    }, START_LIMIT_MS)
  })
  try {
    await Promise.race([serviceWorker.ready, late])
  } finally {
    clearTimeout(timer)
  }
}

async function controlled(serviceWorker: ServiceWorkerContainer): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      serviceWorker.removeEventListener("controllerchange", done)
      resolve()
    }
    const timer = setTimeout(done, CLAIM_WAIT_MS)
    serviceWorker.addEventListener("controllerchange", done)
  })
}

function unsupported(cause?: unknown): ArchiveError {
  return new ArchiveError("unsupported", "this browser runs no service worker here", { cause })
}
