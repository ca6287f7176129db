import { fromBase64Url } from "../../../shared/protocol/bytes.js"

/** The secret of the invite link by which this page was opened: in memory alone. */
let secret: Uint8Array | null = null

/** Takes the secret out of the address, so that neither the address bar nor the history keeps it. To be called before anything reads the address. */
export function takeInvite(): void {
  const [, digits] = /^#([A-Za-z0-9_-]{43})$/.exec(location.hash) ?? []
  if (digits === undefined) return
  secret = fromBase64Url(digits)
  history.replaceState(null, "", "#/join")
}

export function pendingInvite(): Uint8Array | null {
  return secret
}
