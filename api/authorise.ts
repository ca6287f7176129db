import { timingSafeEqual } from "node:crypto"
import type { Request } from "express"
import { fromBase64Url } from "../shared/protocol/bytes.js"
import { ArchiveError } from "../shared/protocol/errors.js"
import { sha256 } from "../shared/protocol/hash.js"
import { HTTP_LIMITS } from "../shared/protocol/http.js"
import { type AccountId, asId, type MeetingId } from "../shared/protocol/ids.js"
import { findGrant, type Grant, requireSubject } from "../shared/server/catalog/capabilities.js"
import type { Catalog } from "../shared/server/ports.js"

/**
 * The 32 bytes that `Authorization: Bearer` holds: a token, or an upload secret.
 * @throws {@link ArchiveError} `unauthenticated`.
 */
export function bearerBytes(request: Request): Uint8Array {
  const [, encoded] = /^Bearer ([A-Za-z0-9_-]{43})$/i.exec(request.headers.authorization ?? "") ?? []
  if (encoded === undefined) throw new ArchiveError("unauthenticated", "a bearer token is needed")
  try {
    return fromBase64Url(encoded).subarray(0, HTTP_LIMITS.tokenBytes)
  } catch (cause) {
    throw new ArchiveError("unauthenticated", "a bearer token is needed", { cause })
  }
}

/** @throws {@link ArchiveError} `unauthenticated` for a token that is unknown or has expired. */
export async function grantOf(catalog: Catalog, request: Request): Promise<Grant> {
  const grant = await findGrant(catalog, bearerBytes(request))
  if (grant === null) throw new ArchiveError("unauthenticated", "a token that is unknown or has expired")
  return grant
}

/** A session of the account. @throws {@link ArchiveError} `unauthenticated`, `forbidden`. */
export async function authoriseAccount(catalog: Catalog, request: Request, account: AccountId): Promise<Grant> {
  const grant = await grantOf(catalog, request)
  if (grant.scope !== "device") throw new ArchiveError("forbidden", "a session of the account is needed")
  requireSubject(grant, account)
  return grant
}

/**
 * A token of a meeting, of any of its epochs.
 * @throws {@link ArchiveError} `unauthenticated`, `forbidden`.
 */
export async function authoriseMeeting(catalog: Catalog, request: Request, meeting: MeetingId): Promise<Grant> {
  const grant = await grantOf(catalog, request)
  if (grant.scope === "device") throw new ArchiveError("forbidden", "a token of the meeting is needed")
  requireSubject(grant, meeting)
  return grant
}

/**
 * The meeting that a token of its newest epoch is for: what reading assets and creating uploads need.
 * @throws {@link ArchiveError} `unauthenticated`; `forbidden` for an account's session, and for a token of an older epoch.
 */
export async function authoriseNewestEpoch(catalog: Catalog, request: Request): Promise<MeetingId> {
  const grant = await grantOf(catalog, request)
  if (grant.scope === "device") throw new ArchiveError("forbidden", "a token of a meeting is needed")
  if (grant.epoch !== grant.newestEpoch) throw new ArchiveError("forbidden", "a token of an older epoch")
  return asId("meeting", grant.subject)
}

/**
 * Whether a meeting may be made, by the instance's policy: nobody says who they are. SPEC.md §11.
 * @throws {@link ArchiveError} `forbidden`, the same without a code as with a wrong one.
 */
export function requireMeetingCode(expected: Uint8Array | null, given: Uint8Array | undefined): void {
  if (expected === null) return
  // Hashed, so that two lengths take no different time either.
  if (!timingSafeEqual(sha256(expected), sha256(given ?? new Uint8Array(0))))
    throw new ArchiveError(
      "forbidden",
      "a meeting is made on this server only with the server's code, which its operator gives out",
    )
}
