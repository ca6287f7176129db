import { type CborValue, readArray, readBoolean, readBytes, readNullable, readText, readUint } from "./cbor.js"
import { ArchiveError } from "./errors.js"
import { fromUtf8, utf8 } from "./bytes.js"
import { HASH_BYTES } from "./hash.js"
import { LIMITS } from "./limits.js"
import { padTo, unpad } from "./padding.js"
import { type ReadMark, readMarksBody, readReadMarks } from "./read-marks.js"

/** Every title takes as many bytes, so that a record's size says nothing of the meeting's events. */
const TITLE_FIELD_BYTES = LIMITS.titleBytes + 1

const PIN_SOURCES = ["card", "id", "self", "invitation"] as const
export type PinSource = (typeof PIN_SOURCES)[number]

const CONTACT_STATES = ["card", "id", "verified", "handle", "removed"] as const
/** How somebody is known: by a card, by the account's id, by words that were compared, or by a handle that a server resolved. */
export type ContactState = (typeof CONTACT_STATES)[number]

const BLOCKABLE = ["account", "meeting"] as const
/** What invitations can be unwanted from: an inviter, or a meeting. */
export type Blockable = (typeof BLOCKABLE)[number]

const OFFER_VERDICTS = ["admitted", "refused"] as const
export type OfferVerdict = (typeof OFFER_VERDICTS)[number]

/** What an account learned, or decided. SPEC.md §5.4. */
export type KeyringEntry =
  | {
      readonly type: "pin"
      readonly genesisHash: Uint8Array
      readonly seq: number
      readonly chainHead: Uint8Array
      readonly how: PinSource
    }
  /** Somebody, and the chain head under which they were known then; `name` is what the person calls them. The newest entry about an account counts. */
  | {
      readonly type: "contact"
      readonly genesisHash: Uint8Array
      readonly seq: number
      readonly chainHead: Uint8Array
      readonly state: ContactState
      readonly name: string
      readonly handle: string | null
    }
  | {
      readonly type: "meeting"
      readonly meetingHash: Uint8Array
      readonly epoch: number
      readonly eventHash: Uint8Array
      readonly epochSecret: Uint8Array
      readonly adminSeed: Uint8Array | null
      /** What it was called then; `null` in records that name none. */
      readonly title: string | null
    }
  /** Hashes of invitation boxes, never to be shown again. */
  | { readonly type: "declined"; readonly boxHashes: readonly Uint8Array[] }
  /** Of the sealed snapshot of all records before this one. */
  | { readonly type: "snapshot"; readonly hash: Uint8Array }
  /** `hash` is a genesis hash or a meeting hash; the newest entry about it counts. */
  | { readonly type: "block"; readonly kind: Blockable; readonly hash: Uint8Array; readonly isBlocked: boolean }
  | {
      readonly type: "invite-link"
      readonly secret: Uint8Array
      readonly meetingHash: Uint8Array
      readonly expiresAtMs: number
      readonly uses: number
      readonly isPreApproved: boolean
    }
  | { readonly type: "invite-link-end"; readonly linkId: Uint8Array }
  /** What was said to an account that came by a link; kept before the account is admitted. */
  | {
      readonly type: "invite-link-use"
      readonly linkId: Uint8Array
      readonly genesisHash: Uint8Array
      readonly verdict: OfferVerdict
    }
  /** Of each meeting the furthest of all counts. */
  | { readonly type: "read-marks"; readonly marks: readonly ReadMark[] }

export function entryBody(entry: KeyringEntry): CborValue {
  switch (entry.type) {
    case "pin":
      return [entry.genesisHash, entry.seq, entry.chainHead, entry.how]
    case "contact":
      return [entry.genesisHash, entry.seq, entry.chainHead, entry.state, entry.name, entry.handle]
    case "meeting":
      return [
        entry.meetingHash,
        entry.epoch,
        entry.eventHash,
        entry.epochSecret,
        entry.adminSeed,
        ...(entry.title === null ? [] : [padTo(utf8(entry.title), TITLE_FIELD_BYTES)]),
      ]
    case "declined":
      return entry.boxHashes
    case "snapshot":
      return [entry.hash]
    case "block":
      return [entry.kind, entry.hash, entry.isBlocked]
    case "invite-link":
      return [entry.secret, entry.meetingHash, entry.expiresAtMs, entry.uses, entry.isPreApproved]
    case "invite-link-end":
      return [entry.linkId]
    case "invite-link-use":
      return [entry.linkId, entry.genesisHash, entry.verdict]
    case "read-marks":
      return readMarksBody(entry.marks)
  }
}

/** @returns `null` for a type that this version does not know. @throws {@link ArchiveError} `malformed`. */
export function readEntry(type: string, body: CborValue | undefined): KeyringEntry | null {
  const hash = (value: CborValue | undefined, what: string): Uint8Array => readBytes(value, what, HASH_BYTES)
  switch (type) {
    case "pin": {
      const [genesisHash, seq, chainHead, how] = readArray(body, "pin", 4)
      return {
        type,
        genesisHash: hash(genesisHash, "account"),
        seq: readUint(seq, "seq"),
        chainHead: hash(chainHead, "chain head"),
        how: readOneOf(PIN_SOURCES, how, "source of a pin"),
      }
    }
    case "contact": {
      const [genesisHash, seq, chainHead, state, name, handle] = readArray(body, "contact", 6)
      return {
        type,
        genesisHash: hash(genesisHash, "account"),
        seq: readUint(seq, "seq"),
        chainHead: hash(chainHead, "chain head"),
        state: readOneOf(CONTACT_STATES, state, "state of a contact"),
        name: readText(name, "name of a contact", LIMITS.contactNameBytes),
        handle: readNullable(handle, (value) => readText(value, "handle", LIMITS.handleBytes)),
      }
    }
    case "meeting": {
      const items = readArray(body, "meeting")
      const [meetingHash, epoch, eventHash, epochSecret, adminSeed, title] = items
      if (items.length !== 5 && items.length !== 6)
        throw new ArchiveError("malformed", "a meeting of another number of items")
      return {
        type,
        meetingHash: hash(meetingHash, "meeting hash"),
        epoch: readUint(epoch, "epoch", 0xffff_ffff),
        eventHash: hash(eventHash, "event hash"),
        epochSecret: hash(epochSecret, "epoch secret"),
        adminSeed: readNullable(adminSeed, (value) => hash(value, "admin seed")),
        title: items.length === 5 ? null : readTitle(title),
      }
    }
    case "declined": {
      const boxHashes = readArray(body, "declined").map((item) => hash(item, "hash of a box"))
      if (boxHashes.length === 0 || boxHashes.length > LIMITS.declinedPerRecord)
        throw new ArchiveError("malformed", `a record of ${boxHashes.length} declined invitations`)
      return { type, boxHashes }
    }
    case "snapshot": {
      const [snapshot] = readArray(body, "snapshot", 1)
      return { type, hash: hash(snapshot, "snapshot") }
    }
    case "block": {
      const [kind, blocked, isBlocked] = readArray(body, "block", 3)
      return {
        type,
        kind: readOneOf(BLOCKABLE, kind, "kind of a block"),
        hash: hash(blocked, "what is blocked"),
        isBlocked: readBoolean(isBlocked, "block"),
      }
    }
    case "invite-link": {
      const [secret, meetingHash, expiresAtMs, uses, isPreApproved] = readArray(body, "invite link", 5)
      return {
        type,
        secret: hash(secret, "secret of a link"),
        meetingHash: hash(meetingHash, "meeting hash"),
        expiresAtMs: readUint(expiresAtMs, "expiry"),
        uses: readUint(uses, "uses", LIMITS.inviteLinkUses),
        isPreApproved: readBoolean(isPreApproved, "pre-approval"),
      }
    }
    case "invite-link-end":
      return { type, linkId: hash(readArray(body, "end of a link", 1)[0], "id of a link") }
    case "invite-link-use": {
      const [linkId, genesisHash, verdict] = readArray(body, "use of a link", 3)
      return {
        type,
        linkId: hash(linkId, "id of a link"),
        genesisHash: hash(genesisHash, "account"),
        verdict: readOneOf(OFFER_VERDICTS, verdict, "verdict"),
      }
    }
    case "read-marks":
      return { type, marks: readReadMarks(body) }
    default:
      return null
  }
}

function readTitle(raw: CborValue | undefined): string {
  const title = unpad(readBytes(raw, "title", TITLE_FIELD_BYTES))
  if (title === null) throw new ArchiveError("malformed", "a title that is not padded")
  return fromUtf8(title)
}

function readOneOf<T extends string>(known: readonly T[], raw: CborValue | undefined, what: string): T {
  const found = known.find((name) => name === raw)
  if (found === undefined) throw new ArchiveError("malformed", `an unknown ${what}`)
  return found
}
