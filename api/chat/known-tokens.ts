import { toHex } from "../../shared/protocol/bytes.js"
import { sha256 } from "../../shared/protocol/hash.js"
import { findGrant, type Grant } from "../../shared/server/catalog/capabilities.js"
import type { Catalog } from "../../shared/server/ports.js"

/** Of which what they allow is remembered; of more it is asked for again. */
const TOKENS = 10_000
/** So long at most: its end is by the database's clock. */
const KNOWN_MS = 60_000

/**
 * Tokens of meetings, each looked up once a minute: whom and what it is for never changes, and nothing ends it but its time and a newer epoch. So `newestEpoch` may be
 * older than it is: only for what checks the epoch itself, with the meeting's row locked, such as keeping messages.
 */
export class KnownTokens {
  readonly #catalog: Catalog
  /** By the token's SHA-256 in hexadecimal; what was asked for first comes first. */
  readonly #known = new Map<string, { readonly grant: Grant; readonly endsAtMs: number }>()

  constructor(catalog: Catalog) {
    this.#catalog = catalog
  }

  /** As `findGrant`, but for the newest epoch. */
  async find(token: Uint8Array): Promise<Grant | null> {
    const key = toHex(sha256(token))
    const known = this.#known.get(key)
    if (known !== undefined && known.endsAtMs > performance.now()) return known.grant
    this.#known.delete(key)
    const askedMs = performance.now()
    const grant = await findGrant(this.#catalog, token)
    // An account's ends with the device that it is of; one of an older epoch allows nothing that is asked for here.
    if (grant === null || grant.scope === "device" || grant.epoch !== grant.newestEpoch) return grant
    this.#known.set(key, { grant, endsAtMs: askedMs + Math.min(grant.endsInMs, KNOWN_MS) })
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= TOKENS) break
      this.#known.delete(oldest)
    }
    return grant
  }
}
