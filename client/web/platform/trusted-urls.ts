import { ArchiveError } from "../../../shared/protocol/errors.js"

/** The app's folder: scripts come from there alone. */
const FOLDER = "/app/"

/** As far as it is used here: https://www.w3.org/TR/trusted-types/. Browsers that lack it take plain text. */
interface TrustedTypes {
  createPolicy(
    name: string,
    rules: { createScriptURL(url: string): string },
  ): {
    createScriptURL(url: string): unknown
  }
}

const policy = (globalThis as { readonly trustedTypes?: TrustedTypes }).trustedTypes?.createPolicy("taciturn", {
  createScriptURL: checked,
})

/** A script's address that a worker may be started from. @throws {@link ArchiveError} `forbidden` for one outside the app. */
export function trustedScriptUrl(url: string): string {
  // What TypeScript's own library takes is text; a browser with Trusted Types is given its own object.
  return policy === undefined ? checked(url) : (policy.createScriptURL(url) as string)
}

function checked(url: string): string {
  const { origin, pathname, href } = new URL(url, location.href)
  if (origin !== location.origin || !pathname.startsWith(FOLDER))
    throw new ArchiveError("forbidden", "a script from outside the app is not started")
  return href
}
