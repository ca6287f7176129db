import { equalBytes } from "../../shared/protocol/bytes.js"
import { isClosed } from "../../shared/protocol/chain.js"
import { isArchiveError } from "../../shared/protocol/errors.js"
import { includesHash } from "../../shared/protocol/hash.js"
import { idOfHash, type MeetingId } from "../../shared/protocol/ids.js"
import { adminsOf, isAdmin } from "../../shared/protocol/roster.js"
import { deviceSigner } from "../crypto/account-keys.js"
import { makeClose } from "../crypto/account-links.js"
import type { MeetingLog } from "../crypto/meeting-log.js"
import { accountCapability, ownAccountId } from "./account.js"
import { fetchChain } from "./chains.js"
import type { Client } from "./client.js"
import { deleteMeeting } from "./deletion.js"
import { setRole } from "./epochs.js"
import { adoptKeyring } from "./keyring.js"
import { postLink, refreshKeys } from "./links.js"
import { readMeeting } from "./meetings.js"
import { leaveMeeting } from "./standing.js"

/** An account's end: its meetings are left, and a last link closes it for good. SPEC.md §5.1. */

const ATTEMPTS = 5

/** What closing the account does to each of its meetings. */
export interface ClosingPlan {
  readonly leaves: readonly MeetingId[]
  /** Nobody else is in them: what is in them would open for nobody. */
  readonly deletes: readonly MeetingId[]
  /** Others are in them, and no other admin: one is to be made first. */
  readonly blockedBy: readonly MeetingId[]
  /** They can't be read, and so not be left. */
  readonly unreadable: readonly MeetingId[]
}

/** @throws {@link ArchiveError} `unavailable`. */
export async function planClosing(client: Client): Promise<ClosingPlan> {
  await adoptKeyring(client)
  const plan = { leaves: [], deletes: [], blockedBy: [], unreadable: [] } as Record<keyof ClosingPlan, MeetingId[]>
  for (const { meetingHash } of client.state.current.meetings) {
    const meetingId = idOfHash("meeting", meetingHash)
    try {
      const fate = fateOf(client, await readMeeting(client, meetingId))
      if (fate !== null) plan[fate].push(meetingId)
    } catch (error) {
      if (!isArchiveError(error) || error.retryable || error.code === "interrupted") throw error
      // This account is no member any more, or there is no such meeting.
      if (error.code !== "not-authorised" && error.code !== "gone") plan.unreadable.push(meetingId)
    }
  }
  return plan
}

function fateOf(client: Client, log: MeetingLog): keyof ClosingPlan | null {
  const self = client.state.current.secrets.genesisHash
  const { left, deletion } = log.standing
  if (!log.isMember || includesHash(left, self) || deletion !== null) return null
  const others = log.current.roster.filter(
    ({ genesisHash }) =>
      !equalBytes(genesisHash, self) && !includesHash(left, genesisHash) && !includesHash(log.closed, genesisHash),
  )
  if (!isAdmin(log.current.roster, self)) return "leaves"
  if (others.length === 0) return "deletes"
  return adminsOf(others).length === 0 ? "blockedBy" : "leaves"
}

/**
 * Leaves the account's meetings, then closes it: no device acts for it any more, and the server keeps its chain alone. Called again, it goes on.
 * @throws {@link ArchiveError} what keeps a meeting from being left; then the account is still open.
 */
export async function closeAccount(client: Client, plan: ClosingPlan): Promise<void> {
  const accountId = ownAccountId(client)
  for (const meetingId of plan.deletes) await deleteMeeting(client, meetingId)
  for (const meetingId of plan.leaves) {
    const { current } = await readMeeting(client, meetingId)
    // A member who leaves is left out of whatever epoch comes next; an admin who leaves waits for another admin's.
    if (isAdmin(current.roster, client.state.current.secrets.genesisHash))
      await setRole(client, meetingId, accountId, "member")
    await leaveMeeting(client, meetingId)
  }
  for (let attempt = 1; !(await isAccountClosed(client)); attempt++) {
    const signer = deviceSigner(client.state.current.secrets)
    const ambient = { nowMs: client.clock.nowMs(), random: client.random }
    try {
      const link = makeClose(await refreshKeys(client), signer, ambient)
      await postLink(client.http, client.tokens, accountCapability(client), link)
    } catch (error) {
      // Where the answer was lost, the link itself ended the session by which it is sent again.
      const mayBeClosed = isArchiveError(error) && ["conflict", "unauthenticated", "gone"].includes(error.code)
      if (!mayBeClosed || attempt === ATTEMPTS) throw error
    }
  }
}

/** Whether the account has its last link. */
export async function isAccountClosed(client: Client): Promise<boolean> {
  return isClosed(await fetchChain(client, ownAccountId(client)))
}
