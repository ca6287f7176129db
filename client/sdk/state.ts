import * as z from "zod"
import { decodeCbor, encodeCbor, type CborValue } from "../../shared/protocol/cbor.js"
import { ArchiveError } from "../../shared/protocol/errors.js"
import { ZERO_HASH } from "../../shared/protocol/hash.js"
import { LIMITS } from "../../shared/protocol/limits.js"
import type { AccountSecrets } from "../crypto/account-keys.js"

/** All that a device remembers between calls: its keys, and what it must never go behind. */

const bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array)
const uint = z.number().int().min(0)

/** `isVerified` where this device verified the links up to there itself, and did not get the pin from another. */
const pinSchema = z.object({ genesisHash: bytes, seq: uint, headHash: bytes, isVerified: z.boolean().default(false) })
const knownSecretSchema = z.object({ eventHash: bytes, epoch: uint, secret: bytes, adminSeed: bytes.nullable() })
/** What a meeting looked like when this device last saw its log; `null` where it only knows the title, from the keyring. */
const seenSchema = z.object({
  title: z.string(),
  epoch: uint.nullable(),
  members: uint.nullable(),
  recordings: uint.nullable(),
})
/** What others did in a meeting since its person last looked at it here. */
const unseenSchema = z.object({
  recordings: uint,
  /** Who joined. */
  members: uint,
  /** Everything else that changes in whose hands the keys are, and the meeting's end. */
  changes: uint,
  /** Announced captures that wait for this account's answer. */
  questions: uint,
})
export const NOTHING_UNSEEN = { recordings: 0, members: 0, changes: 0, questions: 0 } as const
const meetingSchema = z.object({
  meetingHash: bytes,
  known: z.array(knownSecretSchema),
  /** The newest event that was verified. */
  head: z.object({ seq: uint, hash: bytes }),
  seen: seenSchema.nullable().default(null),
  /** Epoch events of which this device recomputed every box, or made it; oldest first. */
  checkedEpochs: z.array(bytes).default([]),
  /** Who deleted it, and when, as its log said while it could be read. */
  deletion: z.object({ authorGenesisHash: bytes, timeMs: uint }).nullable().default(null),
  /** The newest event when it was last looked at here; `null`: never yet, and what there is by then is not new. */
  lookedAtSeq: uint.nullable().default(null),
  unseen: unseenSchema.default(NOTHING_UNSEEN),
})
/** `eventHash` is the event that admits the recipient: only where the log has it is the invitation sent. An offer, which admits nobody, has none. */
const outboxSchema = z.object({
  recipient: bytes,
  box: bytes,
  notBeforeMs: uint,
  meetingHash: bytes.nullable(),
  eventHash: bytes.nullable(),
  /** Its place in the log: as long as nothing else stands there, the event may still come. */
  eventSeq: uint.nullable().default(null),
})
export const NOTHING_UNREAD = { messages: 0, mentions: 0, isMore: false } as const
/** Of a meeting's chat: what this device wrote and saw. SPEC.md §16. */
const chatSchema = z.object({
  meetingHash: bytes,
  /** Of the next message of this device. */
  next: z.object({ counter: uint, prev: bytes }),
  /** The newest message that was seen, by the server's places. */
  pin: z.object({ incarnation: uint, seq: uint, hash: bytes }).nullable(),
  /** Of days on which something was written that was read here a place and when that was, by place: so much of the beginning is not to be missing (CH13). */
  datedPlaces: z.array(z.object({ seq: uint, timeMs: uint })).default([]),
  /** Up to which of each device's messages this device vouches for them. */
  heads: z.array(z.object({ deviceKey: bytes, counter: uint, hash: bytes })),
  /** Messages that the server has not confirmed, in their order: they are sent as they stand here. */
  outbox: z.array(z.object({ messageId: bytes, raw: bytes })),
  /** Files that no message has, by what deletes them, and from when on that is to be done: of messages that were thrown away unsent, and such as are sent before their message is kept. */
  looseFiles: z.array(z.object({ rawHeader: bytes, uploadSecret: bytes, dueAtMs: uint })).default([]),
  /** Deletions of messages with files: once such a statement stands, the files go, too. */
  deletions: z.array(z.object({ statementId: bytes, targetId: bytes })).default([]),
  /** Up to before which place it was last looked at here; `null`: never yet, and what there is by then is not new. */
  readUntil: z.object({ incarnation: uint, seq: uint }).nullable().default(null),
  /** Texts of others from there on, so far as they were read; `mentions` of them name this account. There may be more where not all was read back to there. */
  unread: z
    .object({ messages: uint, mentions: uint, isMore: z.boolean().default(false) })
    .default({ ...NOTHING_UNREAD }),
})
/** Up to where a meeting was looked at. SPEC.md §5.4. */
const readMarkSchema = z.object({
  meetingHash: bytes,
  events: uint,
  chat: z.object({ incarnation: uint, seq: uint }),
})
/** A meeting that was made here and that the server has not confirmed. */
const draftSchema = z.object({ title: z.string(), event: bytes, certificate: bytes, secret: bytes, adminSeed: bytes })

const stateSchema = z.object({
  url: z.string(),
  instanceKey: bytes,
  deviceName: z.string(),
  /** Whether the server has confirmed the account. */
  registered: z.boolean(),
  genesisLink: bytes,
  boxes: z.tuple([bytes, bytes]),
  secrets: z.object({
    genesisHash: bytes,
    device: z.object({ ed25519Seed: bytes, xwingSeed: bytes }),
    userSeeds: z.array(z.object({ generation: uint, seed: bytes })).min(1),
  }),
  pins: z.array(pinSchema),
  meetings: z.array(meetingSchema),
  drafts: z.array(draftSchema),
  chats: z.array(chatSchema).default([]),
  /** `seq` is one more than the newest record's, so that an empty keyring is 0. */
  keyring: z.object({ count: uint, hash: bytes }),
  outbox: z.array(outboxSchema),
  /** Hashes of the invitations that were dealt with. */
  handled: z.array(bytes),
  contacts: z
    .array(
      z.object({
        genesisHash: bytes,
        state: z.enum(["card", "id", "verified", "handle"]),
        name: z.string(),
        handle: z.string().nullable(),
        /** Where the chain stood when the contact was added or verified. */
        seq: uint,
      }),
    )
    .default([]),
  /** Whether the person has shown to have the recovery phrase. */
  phraseConfirmed: z.boolean().default(false),
  /** Hashes of meetings that may have a secret which a revoked device holds. */
  pendingRekeys: z.array(bytes).default([]),
  /**
   * The newest recordings that this device published, with what deletes them although their log is closed to it by then: of each asset its id and its
   * upload secret, 48 bytes, one after another.
   */
  published: z.array(z.object({ recordingId: bytes, meetingHash: bytes, secrets: bytes })).default([]),
  /** What the server was told when this account opened an invite link: told again, it counts no further use. */
  openings: z.array(z.object({ linkId: bytes, opening: bytes })).default([]),
  /** Hashes of the operator's notices that were put aside here. */
  heededNotices: z.array(bytes).default([]),
  /** What seals this device's search index; made when it is first needed. */
  searchKey: bytes.nullable().default(null),
  /** Until when an invite link of this account may admit people without asking. */
  preApprovedUntilMs: uint.default(0),
  /** Up to where this account looked at its meetings, as its keyring says. */
  readMarks: z.array(readMarkSchema).default([]),
  /** What was looked at here and is not in the keyring yet. */
  looks: z.array(readMarkSchema).default([]),
  /** From when on it is to be written there; `null` until that is decided. */
  looksDueAtMs: uint.nullable().default(null),
})

export type ClientState = z.infer<typeof stateSchema>
export type Contact = ClientState["contacts"][number]
export type SeenMeeting = z.infer<typeof seenSchema>
export type Unseen = z.infer<typeof unseenSchema>
export type ChatState = z.infer<typeof chatSchema>
export type MeetingState = z.infer<typeof meetingSchema>

/** Of a device that knows its account's keys and chain, and nothing else yet. It is registered but for a new account's first device. */
export function newState({
  head,
  secrets,
  ...given
}: Pick<ClientState, "url" | "instanceKey" | "deviceName" | "genesisLink"> &
  Partial<Pick<ClientState, "registered" | "boxes" | "phraseConfirmed">> & {
    readonly secrets: AccountSecrets
    readonly head: { readonly seq: number; readonly headHash: Uint8Array }
  }): ClientState {
  const { genesisHash, device, userSeeds } = secrets
  return {
    registered: true,
    phraseConfirmed: true,
    boxes: [new Uint8Array(0), new Uint8Array(0)],
    ...given,
    secrets: { genesisHash, device: { ...device }, userSeeds: userSeeds.map((seed) => ({ ...seed })) },
    pins: [{ genesisHash, ...head, isVerified: false }],
    meetings: [],
    drafts: [],
    chats: [],
    keyring: { count: 0, hash: ZERO_HASH },
    outbox: [],
    handled: [],
    contacts: [],
    published: [],
    openings: [],
    preApprovedUntilMs: 0,
    readMarks: [],
    looks: [],
    looksDueAtMs: null,
    heededNotices: [],
    searchKey: null,
    pendingRekeys: [],
  }
}

/** So that a keystore has room for it, sealed: of some ten thousand meetings. */
const STATE_LIMIT_BYTES = LIMITS.keystoreBytes - 64 * 1024
const STATE_ITEMS = LIMITS.keystoreBytes / 4

/** What it gives can be read again, always. @throws {@link ArchiveError} `too-large`, `internal`. */
export function encodeState(state: ClientState): Uint8Array {
  const room = { items: STATE_ITEMS - 2 }
  const raw = encodeCbor([1, toCbor(state, room)])
  if (raw.length > STATE_LIMIT_BYTES || room.items < 0)
    throw new ArchiveError(
      "too-large",
      "the keystore of this device is full: it has room for some ten thousand meetings",
    )
  return raw
}

/** @throws {@link ArchiveError} `malformed`, `unsupported-version`. */
export function decodeState(raw: Uint8Array): ClientState {
  const decoded = decodeCbor(raw, STATE_LIMIT_BYTES, STATE_ITEMS)
  if (!Array.isArray(decoded) || decoded[0] !== 1)
    throw new ArchiveError("unsupported-version", "a keystore of another version")
  const parsed = stateSchema.safeParse(fromCbor((decoded as readonly CborValue[])[1]))
  if (!parsed.success) throw new ArchiveError("malformed", "a keystore that can't be read", { cause: parsed.error })
  return parsed.data
}

/** Objects as arrays of `[name, value]` behind a marker, since signed structures know no maps. */
const OBJECT = "object"
const LIST = "list"

function toCbor(value: unknown, room: { items: number }): CborValue {
  room.items -= 1
  if (value === null || typeof value === "string" || typeof value === "boolean" || value instanceof Uint8Array)
    return value
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value) || value < 0) throw new ArchiveError("internal", `${value} can't be kept`)
    return value
  }
  // The marker, and of each field a pair and its name.
  room.items -= 1
  if (Array.isArray(value)) return [LIST, ...value.map((item) => toCbor(item, room))]
  const fields = Object.entries(value as object)
  room.items -= 2 * fields.length
  return [OBJECT, ...fields.map(([name, item]) => [name, toCbor(item, room)])]
}

function fromCbor(value: CborValue | undefined): unknown {
  if (!Array.isArray(value)) return value
  const [marker, ...items] = value as readonly CborValue[]
  if (marker === LIST) return items.map(fromCbor)
  return Object.fromEntries(
    items.map((item): [string, unknown] => {
      if (!Array.isArray(item) || typeof item[0] !== "string")
        throw new ArchiveError("malformed", "a keystore that can't be read")
      return [item[0], fromCbor((item as readonly CborValue[])[1])]
    }),
  )
}

/** A device's state, kept durably. */
export interface StateBox {
  /** The newest state that this process knows. */
  readonly current: ClientState
  /** Applies `change` to the newest state of all, durably, one process at a time. Nothing is written where it gives the same state. */
  update(change: (state: ClientState) => ClientState): Promise<void>
}
