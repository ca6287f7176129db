import type { RandomBytes } from "../../shared/protocol/ambient.js"
import { type EpochBoxPlace, epochBoxInfo } from "../../shared/protocol/boxes.js"
import { compareBytes, concatBytes, equalBytes, lengthPrefixed, toHex, u64, utf8 } from "../../shared/protocol/bytes.js"
import { ArchiveError, isArchiveError } from "../../shared/protocol/errors.js"
import { BOX_TAG_BYTES, type EpochBox, type MeetingEvent } from "../../shared/protocol/event.js"
import { type Label, LABELS } from "../../shared/protocol/labels.js"
import { membersByHash, type RosterEntry } from "../../shared/protocol/roster.js"
import type { AccountSecrets } from "./account-keys.js"
import { type HpkeMessage, hpkeOpen, hpkeSeal, hpkeSealWithCoins } from "./hpke.js"
import { blake2b, xwingPublicKey } from "./sodium.js"

const ZEROS = new Uint8Array(32)

/** What the boxes of an epoch event are made from, and recomputed from. SPEC.md §7.1. */
export interface BoxMaking {
  readonly meetingHash: Uint8Array
  readonly epoch: number
  readonly prev: Uint8Array
  readonly base: Uint8Array
  /** `null` where it is unknown: in a genesis, or to a newcomer who may not see what was before. */
  readonly baseSecret: Uint8Array | null
  readonly baseRoster: readonly RosterEntry[]
  readonly secret: Uint8Array
  readonly roster: readonly RosterEntry[]
  readonly userPublicKeyOf: (member: RosterEntry) => Uint8Array
}

/** One pair of boxes per member, throw-away ones up to a power of two, sorted by tag. */
export function makeEpochBoxes(
  making: BoxMaking,
  adminSeed: Uint8Array | null,
  random: RandomBytes,
): readonly EpochBox[] {
  const tagFor = tagsOf(making)
  const throwAwayBox = throwAwayBoxes(making, random)
  const boxes = making.roster.map((member): EpochBox => {
    const tag = tagFor(member)
    const adminBox =
      member.role === "admin" && adminSeed !== null ? adminBoxFor(making, member, adminSeed) : throwAwayBox()
    return { tag: tag ?? random(BOX_TAG_BYTES), memberBox: memberBoxFor(making, member), adminBox }
  })
  while (!Number.isInteger(Math.log2(boxes.length))) {
    boxes.push({
      tag: random(BOX_TAG_BYTES),
      memberBox: throwAwayBox(),
      adminBox: throwAwayBox(),
    })
  }
  return boxes.toSorted((a, b) => compareBytes(a.tag, b.tag))
}

/** Whether every member's box, recomputed from the secret, is there under its tag. One wrong box voids the event. */
export function memberBoxesFit(making: BoxMaking, boxes: readonly EpochBox[]): boolean {
  const tagFor = tagsOf(making)
  const boxByStart = new Map(boxes.map((box) => [startOf(box.memberBox), box]))
  return making.roster.every((member) => {
    const expected = memberBoxFor(making, member)
    const tag = tagFor(member)
    const box = boxByStart.get(startOf(expected))
    return box !== undefined && equalBytes(box.memberBox, expected) && (tag === null || equalBytes(box.tag, tag))
  })
}

/** What tells the boxes of a large meeting apart without comparing each with each. */
function startOf(box: Uint8Array): string {
  return toHex(box.subarray(0, 32))
}

/** Whether every admin's box brings `adminSeed`; only admins can tell. */
export function adminBoxesFit(making: BoxMaking, boxes: readonly EpochBox[], adminSeed: Uint8Array): boolean {
  const admins = making.roster.filter((member) => member.role === "admin")
  return admins.every((member) => {
    const expected = adminBoxFor(making, member, adminSeed)
    return boxes.some((box) => equalBytes(box.adminBox, expected))
  })
}

/** The tag under which a member of the base roster finds its box. */
export function boxTag(
  secret: Uint8Array,
  meetingHash: Uint8Array,
  epoch: number,
  recipientGenesisHash: Uint8Array,
): Uint8Array {
  return blake2b(
    BOX_TAG_BYTES,
    secret,
    concatBytes(lengthPrefixed(utf8(LABELS.boxTag)), meetingHash, u64(epoch), recipientGenesisHash),
  )
}

/** The 32 bytes in a box. @throws {@link ArchiveError} `cannot-open`. */
export function openEpochBox(
  purpose: "member" | "admin",
  userSeed: Uint8Array,
  place: EpochBoxPlace,
  box: EpochBox,
): Uint8Array {
  return hpkeOpen(userSeed, epochBoxInfo(purpose, place), purpose === "member" ? box.memberBox : box.adminBox).slice(
    0,
    32,
  )
}

/**
 * What an epoch event's box for this account holds, found by the tag under the base epoch's secret; `null` where there is no such box.
 * It is but a candidate until the event is found valid. SPEC.md §7.1.
 * @throws {@link ArchiveError} `bad-boxes` for a box that does not open.
 */
export function openOwnBox(
  event: MeetingEvent,
  meetingHash: Uint8Array,
  baseSecret: Uint8Array,
  secrets: AccountSecrets,
): Uint8Array | null {
  const tag = boxTag(baseSecret, meetingHash, event.epoch, secrets.genesisHash)
  const box = event.epochPart?.boxes.find((candidate) => equalBytes(candidate.tag, tag))
  if (box === undefined) return null
  for (const { generation, seed } of secrets.userSeeds.toReversed()) {
    const place = {
      meetingHash,
      epoch: event.epoch,
      prev: event.prev,
      recipientGenesisHash: secrets.genesisHash,
      generation,
    }
    try {
      return openEpochBox("member", seed, place, box)
    } catch (error) {
      if (!isArchiveError(error) || error.code !== "cannot-open") throw error
    }
  }
  throw new ArchiveError("bad-boxes", "an epoch whose box for this account does not open")
}

/** A member's tag; `null` for one of the base roster whose base secret is not known here. */
function tagsOf(making: BoxMaking): (member: RosterEntry) => Uint8Array | null {
  const memberOfBase = membersByHash(making.baseRoster)
  return ({ genesisHash }) => {
    const secret = memberOfBase(genesisHash) === undefined ? making.secret : making.baseSecret
    return secret === null ? null : boxTag(secret, making.meetingHash, making.epoch, genesisHash)
  }
}

function memberBoxFor(making: BoxMaking, member: RosterEntry): Uint8Array {
  return boxFor("member", making, member, coinsFor(LABELS.boxCoins, making.secret, making, member), making.secret)
}

function adminBoxFor(making: BoxMaking, member: RosterEntry, adminSeed: Uint8Array): Uint8Array {
  return boxFor("admin", making, member, coinsFor(LABELS.adminCoins, adminSeed, making, member), adminSeed)
}

function boxFor(
  purpose: "member" | "admin",
  making: BoxMaking,
  member: RosterEntry,
  coins: Uint8Array,
  content: Uint8Array,
): Uint8Array {
  const { meetingHash, epoch, prev } = making
  const place = { meetingHash, epoch, prev, recipientGenesisHash: member.genesisHash, generation: member.generation }
  const message = {
    recipientPublicKey: making.userPublicKeyOf(member),
    info: epochBoxInfo(purpose, place),
    plaintext: concatBytes(content, ZEROS),
  }
  return hpkeSealWithCoins(message, coins)
}

function coinsFor(label: Label, secret: Uint8Array, making: BoxMaking, member: RosterEntry): Uint8Array {
  return blake2b(64, secret, concatBytes(lengthPrefixed(utf8(label)), making.base, member.genesisHash))
}

/** To a key whose seed is forgotten. One serves all: nothing in a box tells its recipient. */
function throwAwayBoxes(making: BoxMaking, random: RandomBytes): () => Uint8Array {
  const { meetingHash, epoch, prev } = making
  const newRecipient = (): Pick<HpkeMessage, "info" | "recipientPublicKey"> => ({
    info: epochBoxInfo("member", { meetingHash, epoch, prev, recipientGenesisHash: random(32), generation: 1 }),
    recipientPublicKey: xwingPublicKey(random(32)),
  })
  let recipient: ReturnType<typeof newRecipient> | null = null
  return () => hpkeSeal({ ...(recipient ??= newRecipient()), plaintext: concatBytes(ZEROS, ZEROS) }, random)
}
