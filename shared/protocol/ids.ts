import { base32 } from "@scure/base"
import { concatBytes, equalBytes, utf8 } from "./bytes.js"
import { ArchiveError } from "./errors.js"
import { ID_BYTES, sha256 } from "./hash.js"

declare const brand: unique symbol
type Id<Kind extends string> = Uint8Array & { readonly [brand]: Kind }

export type AccountId = Id<"account">
export type DeviceId = Id<"device">
export type MeetingId = Id<"meeting">
export type RecordingId = Id<"recording">
export type AssetId = Id<"asset">
export type InstanceId = Id<"instance">
/** Where two devices that are being paired leave messages for each other. */
export type PairingId = Id<"pairing">
export type LinkId = Id<"link">
export type MessageId = Id<"message">
/** One request of an authority. */
export type CaseId = Id<"case">

export interface IdKinds {
  account: AccountId
  device: DeviceId
  meeting: MeetingId
  recording: RecordingId
  asset: AssetId
  instance: InstanceId
  pairing: PairingId
  link: LinkId
  message: MessageId
  case: CaseId
}
export type IdKind = keyof IdKinds

const PREFIXES: Record<IdKind, string> = {
  account: "acct",
  device: "dev",
  meeting: "mtg",
  recording: "rec",
  asset: "asset",
  instance: "inst",
  pairing: "pairing",
  link: "link",
  message: "msg",
  case: "case",
}
const CHECK_BYTES = 4

/** Brands 16 bytes as an id. @throws {@link ArchiveError} `malformed` for another length. */
export function asId<Kind extends IdKind>(kind: Kind, bytes: Uint8Array): IdKinds[Kind] {
  if (bytes.length !== ID_BYTES) throw new ArchiveError("malformed", `an id of ${kind} is ${ID_BYTES} bytes long`)
  return bytes as IdKinds[Kind]
}

/** The first 16 bytes of a full hash: how accounts, meetings, devices and instances are looked up. */
export function idOfHash<Kind extends IdKind>(kind: Kind, hash: Uint8Array): IdKinds[Kind] {
  return asId(kind, hash.slice(0, ID_BYTES))
}

/** The text form, such as `mtg_…`: prefix, `_`, and 32 characters of base32 that carry a check value. SPEC.md §1. */
export function formatId<Kind extends IdKind>(kind: Kind, id: IdKinds[Kind]): string {
  return `${PREFIXES[kind]}_${base32.encode(concatBytes(id, checkOf(kind, id))).toLowerCase()}`
}

/** @throws {@link ArchiveError} `malformed` for another prefix, length, alphabet or check value. */
export function parseId<Kind extends IdKind>(kind: Kind, text: string): IdKinds[Kind] {
  // Matched before it is lower-cased, for letters outside ASCII lower-case into it.
  const match = /^([A-Za-z]{1,8})_([A-Za-z2-7]{32})$/.exec(text)
  const [prefix, digits] = [match?.[1]?.toLowerCase(), match?.[2]]
  if (prefix === undefined || digits === undefined) throw new ArchiveError("malformed", `not an id of ${kind}`)
  if (prefix !== PREFIXES[kind])
    throw new ArchiveError("malformed", `an id that begins with ${PREFIXES[kind]}_ is needed, not ${prefix}_`)
  const bytes = base32.decode(digits.toUpperCase())
  const id = asId(kind, bytes.slice(0, ID_BYTES))
  if (!equalBytes(bytes.slice(ID_BYTES), checkOf(kind, id)))
    throw new ArchiveError("malformed", `an id of ${kind} with a typing error`)
  return id
}

function checkOf(kind: IdKind, id: Uint8Array): Uint8Array {
  return sha256(concatBytes(utf8(PREFIXES[kind]), id)).slice(0, CHECK_BYTES)
}
