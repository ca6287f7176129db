import { equalBytes, fromBase64Url, toBase64Url } from "./bytes.js"
import {
  decodeCbor,
  encodeCbor,
  readBoolean,
  readBytes,
  readNullable,
  readText,
  readUint,
  readVersioned,
} from "./cbor.js"
import { openEnvelope, PUBLIC_KEY_BYTES, type VerifySignature } from "./envelope.js"
import { ArchiveError } from "./errors.js"
import { HASH_BYTES } from "./hash.js"
import { LABELS } from "./labels.js"
import { LIMITS } from "./limits.js"

/** What an admin signs for whoever gets the link. It holds no epoch's secret. SPEC.md §9.1. */
export interface InviteLink {
  readonly inviterGenesisHash: Uint8Array
  readonly inviterChainHead: Uint8Array
  readonly deviceKey: Uint8Array
  readonly meetingHash: Uint8Array
  readonly instanceKey: Uint8Array
  readonly linkId: Uint8Array
  readonly expiresAtMs: number
  readonly uses: number
  /** Whether the admin's client admits without asking. */
  readonly isPreApproved: boolean
  readonly timeMs: number
  /** `null` where the admin doesn't show it. */
  readonly title: string | null
}

export function encodeInviteLink(link: InviteLink): Uint8Array {
  return encodeCbor([
    1,
    link.inviterGenesisHash,
    link.inviterChainHead,
    link.deviceKey,
    link.meetingHash,
    link.instanceKey,
    link.linkId,
    link.expiresAtMs,
    link.uses,
    link.isPreApproved,
    link.timeMs,
    link.title,
  ])
}

/** @throws {@link ArchiveError} `malformed`, `too-large`, `unsupported-version`, `bad-signature`. SPEC.md §9.1. */
export function openInviteLinkEnvelope(raw: Uint8Array, verify: VerifySignature): InviteLink {
  const limit = LIMITS.inviteLinkPaddedBytes
  const envelope = openEnvelope(raw, LABELS.signInviteLink, verify, limit)
  const items = readVersioned(decodeCbor(envelope.statement, limit), "invite link", 12)
  const hash = (index: number, what: string): Uint8Array => readBytes(items[index], what, HASH_BYTES)
  const deviceKey = readBytes(items[3], "device key", PUBLIC_KEY_BYTES)
  if (!equalBytes(deviceKey, envelope.publicKey))
    throw new ArchiveError("bad-signature", "an invite link that names another key than the one that signed it")
  return {
    inviterGenesisHash: hash(1, "inviter"),
    inviterChainHead: hash(2, "inviter's chain head"),
    deviceKey,
    meetingHash: hash(4, "meeting hash"),
    instanceKey: hash(5, "instance key"),
    linkId: hash(6, "id of the link"),
    expiresAtMs: readUint(items[7], "expiry"),
    uses: readUint(items[8], "uses", LIMITS.inviteLinkUses),
    isPreApproved: readBoolean(items[9], "pre-approval"),
    timeMs: readUint(items[10], "time"),
    title: readNullable(items[11], (value) => readText(value, "title", LIMITS.titleBytes)),
  }
}

/** `<server>/j/#<secret>`: what stands behind the # is sent to no server. SPEC.md §9.1. */
export function formatInviteUrl(server: string, secret: Uint8Array): string {
  return `${server}/j/#${toBase64Url(secret)}`
}

/** @throws {@link ArchiveError} `malformed`, with nothing of the text. */
export function parseInviteUrl(text: string): { readonly server: string; readonly secret: Uint8Array } {
  const [, server, digits] = /^(https?:\/\/[^\s#?]{1,256}?)\/j\/?#([A-Za-z0-9_-]{43})$/.exec(text) ?? []
  if (server === undefined || digits === undefined)
    throw new ArchiveError(
      "malformed",
      "not an invite link: one looks like https://server/j/#… and has all its characters",
    )
  return { server, secret: fromBase64Url(digits) }
}
