/** Whether this page can work here at all: over plain HTTP, but from localhost, browsers give neither WebCrypto nor service workers. */
export function isUsable(): { readonly ok: true } | { readonly ok: false; readonly reason: "insecure" | "no-storage" } {
  if (!globalThis.isSecureContext) return { ok: false, reason: "insecure" }
  return "indexedDB" in globalThis && "locks" in navigator ? { ok: true } : { ok: false, reason: "no-storage" }
}
