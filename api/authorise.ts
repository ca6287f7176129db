import { createHash, timingSafeEqual } from "node:crypto"
import type { Request } from "express"
import { equalBytes, fromBase64Url } from "../shared/protocol/bytes.js"
import { ArchiveError } from "../shared/protocol/errors.js"
import { sha256 } from "../shared/protocol/hash.js"
import { HTTP_LIMITS } from "../shared/protocol/http.js"
import { type AccountId, asId, type AssetId, type MeetingId } from "../shared/protocol/ids.js"
import { findGrant, type Grant, requireNewestEpoch, requireSubject } from "../shared/server/catalog/capabilities.js"
import { lackOf } from "../shared/server/catalog/deletion.js"
import { findUpload, type Upload } from "../shared/server/catalog/uploads.js"
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

/** What a token allows; `null` for one that is unknown or has expired. */
export type FindGrant = (token: Uint8Array) => Promise<Grant | null>

/** @throws {@link ArchiveError} `unauthenticated` for a token that is unknown or has expired. */
export async function grantOf(
  catalog: Catalog,
  request: Request,
  find: FindGrant = (token) => findGrant(catalog, token),
): Promise<Grant> {
  const grant = await find(bearerBytes(request))
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
export async function authoriseMeeting(
  catalog: Catalog,
  request: Request,
  meeting: MeetingId,
  find?: FindGrant,
): Promise<Grant> {
  const grant = await grantOf(catalog, request, find)
  if (grant.scope === "device") throw new ArchiveError("forbidden", "a token of the meeting is needed")
  requireSubject(grant, meeting)
  return grant
}

/**
 * An admin of the newest epoch. SPEC.md §11.
 * @throws {@link ArchiveError} `unauthenticated`, `forbidden`.
 */
export async function authoriseAdmin(catalog: Catalog, request: Request, meeting: MeetingId): Promise<Grant> {
  const grant = await authoriseMeeting(catalog, request, meeting)
  if (grant.scope !== "admin" || grant.epoch !== grant.newestEpoch)
    throw new ArchiveError("forbidden", "the admin capability of the newest epoch is needed")
  return grant
}

/** Whether what a request brings is the secret of this upload. */
export function isSecretOf(upload: Upload, bearer: Uint8Array): boolean {
  return timingSafeEqual(createHash("sha256").update(bearer).digest(), upload.secretHash)
}

/**
 * Who may delete a stored asset: whoever holds its upload secret, a member or not; or an admin of the newest epoch. SPEC.md §11.
 * @throws {@link ArchiveError} `unauthenticated`, `forbidden`; `gone` where it was purged, so that the secret can't be checked any more.
 */
export async function authoriseDeletion(
  catalog: Catalog,
  request: Request,
  meeting: MeetingId,
  asset: AssetId,
): Promise<void> {
  const bearer = bearerBytes(request)
  const upload = await findUpload(catalog, asset)
  if (upload !== null && equalBytes(upload.meetingId, meeting) && isSecretOf(upload, bearer)) return
  const lack = upload === null ? await lackOf(catalog, "asset", asset) : null
  if (lack?.code === "gone") throw lack
  await authoriseAdmin(catalog, request, meeting)
}

/**
 * The meeting that a token of its newest epoch is for: what reading assets and creating uploads need.
 * @throws {@link ArchiveError} `unauthenticated`; `forbidden` for an account's session, and for a token of an older epoch.
 */
export async function authoriseNewestEpoch(catalog: Catalog, request: Request): Promise<MeetingId> {
  const grant = await grantOf(catalog, request)
  if (grant.scope === "device") throw new ArchiveError("forbidden", "a token of a meeting is needed")
  requireNewestEpoch(grant)
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
