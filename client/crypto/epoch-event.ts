import type { RandomBytes } from "../../shared/protocol/ambient.js"
import { concatBytes, u64 } from "../../shared/protocol/bytes.js"
import { type ChatHead, chatHeadsValue } from "../../shared/protocol/chat-heads.js"
import { ArchiveError } from "../../shared/protocol/errors.js"
import { boxesHash, makeCertificate } from "../../shared/protocol/event.js"
import { ZERO_HASH } from "../../shared/protocol/hash.js"
import { asId } from "../../shared/protocol/ids.js"
import { LABELS } from "../../shared/protocol/labels.js"
import { adminsOf, type HistoryPolicy, type RosterEntry, rosterValue } from "../../shared/protocol/roster.js"
import { openRecord, sealRecord, type SealPlace } from "./committed-seal.js"
import { type BoxMaking, makeEpochBoxes } from "./epoch-boxes.js"
import { adminSigner, deriveEpochKeys, type EpochKeys } from "./epoch-keys.js"
import { type Author, type LogPosition, makeEvent } from "./log-event.js"

/** The epoch that a new one is built on. */
export interface EpochBase {
  readonly eventHash: Uint8Array
  readonly keys: EpochKeys
  readonly roster: readonly RosterEntry[]
}

export interface NewEpoch {
  readonly position: LogPosition
  readonly epoch: number
  /** `null` in a genesis. */
  readonly base: EpochBase | null
  readonly roster: readonly RosterEntry[]
  readonly userPublicKeyOf: (member: RosterEntry) => Uint8Array
  readonly policy: HistoryPolicy
  readonly title: string
  /** Of every device that wrote in the meeting, as far as the author vouches for its messages; none where it did not look. SPEC.md §16.3. */
  readonly chat?: readonly ChatHead[] | undefined
  /** The seed that the admins share from now on, or the key alone where the author does not hold it. */
  readonly admin: { readonly seed: Uint8Array } | { readonly publicKey: Uint8Array }
  readonly adminKeyIsNew: boolean
  readonly carried: readonly Uint8Array[]
  readonly author: Author
  readonly timeMs: number
  readonly random: RandomBytes
}

export interface MadeEpoch {
  readonly rawEvent: Uint8Array
  readonly certificate: Uint8Array
  readonly keys: EpochKeys
}

/** Makes an epoch event with a fresh secret, its boxes and its certificate. SPEC.md §7.1. */
export function makeEpochEvent(epoch: NewEpoch): MadeEpoch {
  const { position, base, random } = epoch
  const keys = deriveEpochKeys(random(32), epoch.epoch)
  const seed = "seed" in epoch.admin ? epoch.admin.seed : null
  const admin = seed === null ? null : adminSigner(seed)
  const adminKey = "publicKey" in epoch.admin ? epoch.admin.publicKey : adminSigner(epoch.admin.seed).publicKey
  const making: BoxMaking = {
    meetingHash: position.meetingHash,
    epoch: epoch.epoch,
    prev: position.prev,
    base: base?.eventHash ?? ZERO_HASH,
    baseSecret: base?.keys.secret ?? null,
    baseRoster: base?.roster ?? [],
    secret: keys.secret,
    roster: epoch.roster,
    userPublicKeyOf: epoch.userPublicKeyOf,
  }
  const boxes = makeEpochBoxes(making, seed, random)
  const sealedHistory =
    base === null || epoch.policy === "from-join"
      ? null
      : sealRecord(
          historyPlace(keys, position.meetingHash, base.eventHash),
          concatBytes(u64(base.keys.epoch), base.keys.secret),
          random,
        )
  const rawEvent = makeEvent(
    position,
    keys,
    epoch.author,
    {
      type: "epoch",
      values: [
        ["accessKey", keys.access.publicKey],
        ["adminKey", adminKey],
        ["admins", adminsOf(epoch.roster)],
        ["base", making.base],
        ["boxes", boxesHash(boxes)],
        ...(epoch.chat === undefined ? [] : [["chat", chatHeadsValue(epoch.chat)] as const]),
        ["commitment", keys.commitment],
        ["policy", epoch.policy],
        ["roster", rosterValue(epoch.roster)],
        ["title", epoch.title],
      ],
      assets: [],
      carried: epoch.carried,
      epochPart: { base: making.base, accessKey: keys.access.publicKey, adminKey, sealedHistory, boxes },
    },
    epoch,
  )
  return { rawEvent, certificate: makeCertificate(rawEvent, keys.access, epoch.adminKeyIsNew ? admin : null), keys }
}

/** The position of a genesis: zeros everywhere, for its own hash names the meeting. SPEC.md §7. */
export const GENESIS_POSITION: LogPosition = {
  meetingId: asId("meeting", new Uint8Array(16)),
  meetingHash: ZERO_HASH,
  seq: 0,
  prev: ZERO_HASH,
}

/** The base epoch's number and secret, as sealed under the new one. @throws {@link ArchiveError} `cannot-open`. */
export function openHistory(
  keys: EpochKeys,
  meetingHash: Uint8Array,
  base: Uint8Array,
  sealedHistory: Uint8Array,
): { readonly epoch: number; readonly secret: Uint8Array } {
  const plaintext = openRecord(historyPlace(keys, meetingHash, base), sealedHistory)
  if (plaintext.length !== 40) throw new ArchiveError("malformed", "a sealed history of another form")
  const epoch = Number(new DataView(plaintext.buffer, plaintext.byteOffset).getBigUint64(0))
  if (!Number.isSafeInteger(epoch)) throw new ArchiveError("malformed", "a sealed history of another form")
  return { epoch, secret: plaintext.slice(8) }
}

function historyPlace(keys: EpochKeys, meetingHash: Uint8Array, base: Uint8Array): SealPlace {
  return {
    key: keys.secret,
    label: LABELS.history,
    context: concatBytes(meetingHash, u64(keys.epoch), base),
    aad: new Uint8Array(0),
  }
}
