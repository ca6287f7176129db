import { equalBytes } from "../../shared/protocol/bytes.js"
import { ArchiveError } from "../../shared/protocol/errors.js"
import { includesHash } from "../../shared/protocol/hash.js"
import { type AccountId, formatId, idOfHash, type MeetingId } from "../../shared/protocol/ids.js"
import type { Blockable } from "../../shared/protocol/keyring-entry.js"
import { fetchChain } from "./chains.js"
import type { Client } from "./client.js"
import { listInvitations } from "./invitations.js"
import { blocksIn } from "./keyring-views.js"
import { decideInKeyring, readKeyring } from "./keyring.js"

/** Inviters and meetings whose invitations this account does not want, on all of its devices. SPEC.md §5.4. */

export async function listBlocked(
  client: Client,
): Promise<{ readonly accounts: readonly AccountId[]; readonly meetings: readonly MeetingId[] }> {
  const { accounts, meetings } = blocksIn((await readKeyring(client)).entries)
  return {
    accounts: accounts.map((hash) => idOfHash("account", hash)),
    meetings: meetings.map((hash) => idOfHash("meeting", hash)),
  }
}

/** From now on what the account sends is dropped unseen. @throws {@link ArchiveError} `not-found`, `usage` for one's own account. */
export async function blockAccount(client: Client, accountId: AccountId): Promise<void> {
  const { genesisHash } = await fetchChain(client, accountId)
  if (equalBytes(genesisHash, client.state.current.secrets.genesisHash))
    throw new ArchiveError("usage", "this is your own account")
  await setBlock(client, "account", genesisHash, true)
}

/** From now on invitations to the meeting are dropped unseen. @throws {@link ArchiveError} `not-found` where none waits, and the meeting is not known. */
export async function blockMeeting(client: Client, meetingId: MeetingId): Promise<void> {
  const invited = (await listInvitations(client)).flatMap(({ invitation }) => invitation?.meetingHash ?? [])
  const known = client.state.current.meetings.map(({ meetingHash }) => meetingHash)
  const meetingHash = hashOf("meeting", [...invited, ...known], meetingId)
  if (meetingHash === undefined)
    throw new ArchiveError("not-found", `no invitation to ${formatId("meeting", meetingId)} waits in this inbox`)
  await setBlock(client, "meeting", meetingHash, true)
}

/** @throws {@link ArchiveError} `not-found` where it is not blocked. */
export async function unblockAccount(client: Client, accountId: AccountId): Promise<void> {
  const { accounts } = blocksIn((await readKeyring(client)).entries)
  const genesisHash = hashOf("account", accounts, accountId)
  if (genesisHash === undefined) throw new ArchiveError("not-found", `${formatId("account", accountId)} is not blocked`)
  await setBlock(client, "account", genesisHash, false)
}

/** @throws {@link ArchiveError} `not-found` where it is not blocked. */
export async function unblockMeeting(client: Client, meetingId: MeetingId): Promise<void> {
  const { meetings } = blocksIn((await readKeyring(client)).entries)
  const meetingHash = hashOf("meeting", meetings, meetingId)
  if (meetingHash === undefined) throw new ArchiveError("not-found", `${formatId("meeting", meetingId)} is not blocked`)
  await setBlock(client, "meeting", meetingHash, false)
}

/** What then waits from there is dropped at once, so that it takes no room in the inbox. */
async function setBlock(client: Client, kind: Blockable, hash: Uint8Array, isBlocked: boolean): Promise<void> {
  await decideInKeyring(client, (entries) => {
    const { accounts, meetings } = blocksIn(entries)
    return includesHash(kind === "account" ? accounts : meetings, hash) === isBlocked
      ? null
      : { type: "block", kind, hash, isBlocked }
  })
  await listInvitations(client)
}

function hashOf(kind: Blockable, hashes: readonly Uint8Array[], id: Uint8Array): Uint8Array | undefined {
  return hashes.find((hash) => equalBytes(idOfHash(kind, hash), id))
}
