import { ArchiveError, isArchiveError } from "../../shared/protocol/errors.js"
import { includesHash } from "../../shared/protocol/hash.js"
import type { MeetingId } from "../../shared/protocol/ids.js"
import { isAdmin } from "../../shared/protocol/roster.js"
import type { MeetingLog } from "../crypto/meeting-log.js"
import type { Client } from "./client.js"
import { canActAsAdmin, rekeyMeeting } from "./epochs.js"
import { assertIsMember, readMeeting } from "./meetings.js"
import { appendNote } from "./notes.js"

/** Whether a meeting goes on: who left, when an admin last vouched for it, and what must be so before anything is sealed. SPEC.md §7.3. */

const DAY_MS = 24 * 60 * 60 * 1000
/** A removal that a server withholds is noticed after this, at the latest. */
export const RENEWAL_MS = 30 * DAY_MS
/** An admin's own device renews by itself when it seals something after so long. */
const EARLY_RENEWAL_MS = 20 * DAY_MS
const ATTEMPTS = 5

export interface SealingOptions {
  /** That the person was asked, and wants to seal although no admin has renewed the meeting in time. */
  readonly acceptsNotRenewed?: boolean | undefined
}

/** Tells the others that this account leaves; the next epoch is without it. @throws {@link ArchiveError} `not-authorised` for the only admin. */
export async function leaveMeeting(client: Client, meetingId: MeetingId): Promise<void> {
  const self = client.state.current.secrets.genesisHash
  await appendNote(client, meetingId, ({ standing }) => (includesHash(standing.left, self) ? null : { type: "leave" }))
}

/** Vouches, as an admin, for the roster in force. @throws {@link ArchiveError} `not-authorised`. */
export async function renewMeeting(client: Client, meetingId: MeetingId): Promise<void> {
  await appendNote(client, meetingId, () => ({ type: "renewal" }))
}

/** Ends the meeting, as an admin: nothing more is sealed until an admin renews it. @throws {@link ArchiveError} `not-authorised`. */
export async function expireMeeting(client: Client, meetingId: MeetingId): Promise<void> {
  await appendNote(client, meetingId, () => ({ type: "expiry" }))
}

/** Until when no renewal is due, in milliseconds since 1970. */
export function renewalDueMs(log: MeetingLog): number {
  return log.standing.renewedAtMs + RENEWAL_MS
}

/**
 * Brings a meeting to where something may be sealed to it: without members who left, and renewed where this account is an admin and it is about time.
 * @returns the log by which to seal.
 * @throws {@link ArchiveError} `not-authorised` where sealing would reach others than the members, or the meeting has ended; `not-renewed`.
 */
export async function prepareToSeal(client: Client, log: MeetingLog, options: SealingOptions): Promise<MeetingLog> {
  let newest = log
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    assertMaySeal(client, newest)
    const isEarly = client.clock.nowMs() - newest.standing.renewedAtMs > EARLY_RENEWAL_MS
    if (newest.isOutdated || holdsLeavers(client, newest) || holdsClosed(client, newest))
      await rekeyMeeting(client, log.meetingId)
    else if (isEarly && canActAsAdmin(client, newest)) await renewMeeting(client, log.meetingId)
    else {
      if (client.clock.nowMs() > renewalDueMs(newest) && options.acceptsNotRenewed !== true)
        throw new ArchiveError(
          "not-renewed",
          "no admin has vouched for this meeting's members in the last 30 days: somebody may have been removed whom the server still shows; ask an admin to renew it",
        )
      if (newest.closed.length > 0)
        throw new ArchiveError(
          "not-authorised",
          "a member of this meeting closed its account without leaving: nothing is sealed until an admin takes it out, as `meeting rekey` does",
        )
      return newest
    }
    newest = await readMeeting(client, log.meetingId)
  }
  throw new ArchiveError("conflict", "others keep changing this meeting: try again")
}

/** Whether something may be sealed as things are: nothing is to be done for it, nor anybody asked. */
export function maySealAtOnce(client: Client, log: MeetingLog): boolean {
  try {
    assertMaySeal(client, log)
  } catch (error) {
    if (isArchiveError(error)) return false
    throw error
  }
  const isDue = client.clock.nowMs() > renewalDueMs(log)
  return !log.isOutdated && !holdsLeavers(client, log) && log.closed.length === 0 && !isDue
}

/** @throws {@link ArchiveError} `not-authorised`, or the code that made the newest change of members void. */
function assertMaySeal(client: Client, log: MeetingLog): void {
  assertIsMember(log)
  if (log.current.keys.epoch !== log.newestEpochSeen) {
    const bad = log.voids.findLast((event) => event.isEpochEvent)
    throw new ArchiveError(
      bad?.code ?? "not-authorised",
      `the newest change of this meeting's members is not valid (${bad?.reason ?? "unknown"}): nothing is sealed until an admin makes a new one`,
      { place: `event ${bad?.seq ?? log.head.seq}` },
    )
  }
  if (includesHash(log.standing.left, client.state.current.secrets.genesisHash))
    throw new ArchiveError("not-authorised", "this account left the meeting: nothing was sealed")
  const { expiry, deletion } = log.standing
  if (deletion !== null)
    throw new ArchiveError("gone", "an admin deleted this meeting: nothing was sealed", {
      place: `event ${deletion.seq}`,
    })
  if (expiry !== null)
    throw new ArchiveError(
      "not-authorised",
      "an admin ended this meeting: nothing is sealed until an admin renews it",
      {
        place: `event ${expiry.seq}`,
      },
    )
}

function holdsClosed(client: Client, log: MeetingLog): boolean {
  return log.closed.length > 0 && canActAsAdmin(client, log)
}

/** Whether somebody who left is still in the roster, whom this account can take out of it. */
function holdsLeavers(client: Client, log: MeetingLog): boolean {
  const { left } = log.standing
  return left.some((genesisHash) => !isAdmin(log.current.roster, genesisHash) || canActAsAdmin(client, log))
}
