import { mkdir, rename } from "node:fs/promises"
import { join } from "node:path"
import * as z from "zod"
import { type Client, createMeeting, readMeeting, whoAmI } from "../../client/sdk/index.js"
import { compareBytes } from "../../shared/protocol/bytes.js"
import { userKeysOf } from "../../shared/protocol/chain.js"
import { KeyringAppendResponse, KeyringSnapshotRequest } from "../../shared/protocol/http.js"
import { formatId } from "../../shared/protocol/ids.js"
import { entryBody } from "../../shared/protocol/keyring-entry.js"
import type { RawEntry } from "../../shared/protocol/keyring.js"
import type { RosterEntry } from "../../shared/protocol/roster.js"
import { newestUserSeed } from "../../client/crypto/account-keys.js"
import { makeEpochEvent } from "../../client/crypto/epoch-event.js"
import { makeKeyringRecord } from "../../client/crypto/keyring-record.js"
import { sealSnapshot } from "../../client/crypto/keyring-snapshot.js"
import { accountCapability } from "../../client/sdk/account.js"
import { fetchChain } from "../../client/sdk/chains.js"
import { selfAsAuthor } from "../../client/sdk/client.js"
import { readKeyring } from "../../client/sdk/keyring.js"
import { appendEvent } from "../../client/sdk/meetings.js"
import { random } from "../support/people.js"
import { recoverClient, startClient, type TestClient } from "../support/sdk/clients.js"

/** Large rosters and many meetings, made in this process; what is timed are commands. */

const MEMBERS = 500
const MEETINGS = 1_000
/** Of these, the newest are in records beside the snapshot that has the others, as many as ever are. */
const MEETINGS_IN_RECORDS = 62

interface Server {
  readonly url: string
  /** Where homes may be made. */
  readonly folder: string
}

/** @returns the home of an admin, and a meeting whose newest epoch has so many members. */
export async function makeLargeMeeting(server: Server): Promise<{ readonly home: string; readonly meeting: string }> {
  const admin = await startClient(server, "admin")
  const meetingId = await createMeeting(admin.client, "Large")
  const { client } = admin
  const chains = [await fetchChain(client, whoAmI(client).accountId)]
  while (chains.length < MEMBERS) {
    const member = await startClient(server, "member")
    chains.push(await fetchChain(member.client, whoAmI(member.client).accountId))
    await member.close()
  }
  const log = await readMeeting(client, meetingId)
  const { secrets } = client.state.current
  const roster = chains
    .map(({ genesisHash, headHash }, index): RosterEntry => ({
      genesisHash,
      chainHead: headHash,
      generation: newestUserSeed(secrets).generation,
      role: index === 0 ? "admin" : "member",
    }))
    .toSorted((a, b) => compareBytes(a.genesisHash, b.genesisHash))
  const { current, meetingHash, head } = log
  const made = makeEpochEvent({
    position: { meetingId, meetingHash, seq: head.seq + 1, prev: head.hash },
    epoch: current.keys.epoch + 1,
    base: current,
    roster,
    userPublicKeyOf: userKeysOf(chains),
    policy: current.policy,
    title: current.title,
    admin: log.adminSeed === null ? { publicKey: current.adminKey } : { seed: log.adminSeed },
    adminKeyIsNew: false,
    carried: log.carried,
    author: selfAsAuthor(client, chains[0]?.headHash ?? meetingHash),
    timeMs: client.clock.nowMs(),
    random,
  })
  await appendEvent(client, log, made.rawEvent, made.certificate)
  return { home: await homeOf(server, admin), meeting: formatId("meeting", meetingId) }
}

/** @returns the home of a new device of an account that is in so many meetings; it has asked for nothing yet. */
export async function makeManyMeetings(server: Server): Promise<{ readonly home: string; readonly meeting: string }> {
  const old = await startClient(server, "old")
  const { client } = old
  await createMeeting(client, "Meeting 0")
  await putInSnapshot(client, MEETINGS - MEETINGS_IN_RECORDS - 1)
  let meeting = ""
  for (let n = 0; n < MEETINGS_IN_RECORDS; n++)
    meeting = formatId("meeting", await createMeeting(client, `Meeting ${MEETINGS - n}`))
  await old.close()
  return { home: await homeOf(server, await recoverClient(server, old.recoveryPhrase, "new")), meeting }
}

/** Meetings as a keyring's snapshot has them. The server knows nothing of these: listing asks for none. */
async function putInSnapshot(client: Client, count: number): Promise<void> {
  const { secrets } = client.state.current
  const { rawEntries, hashes, head } = await readKeyring(client)
  const entries = Array.from({ length: count }, (_, n): RawEntry => {
    const meetingHash = random(32)
    const secret = { epoch: 0, eventHash: meetingHash, epochSecret: random(32), adminSeed: random(32) }
    return { type: "meeting", body: entryBody({ type: "meeting", meetingHash, ...secret, title: `Meeting ${n + 1}` }) }
  })
  const { rawSnapshot, hash } = sealSnapshot(secrets, { hashes, entries: [...rawEntries, ...entries] }, random)
  const ambient = { timeMs: client.clock.nowMs(), random }
  const { rawRecord } = makeKeyringRecord(secrets, head, { type: "snapshot", hash }, ambient)
  await client.tokens.with(client.http, accountCapability(client), async (token, subject) => {
    await client.http.json(KeyringAppendResponse, {
      method: "POST",
      path: `/v1/accounts/${subject}/keyring/snapshots`,
      subject,
      token,
      json: z.encode(KeyringSnapshotRequest, { snapshot: rawSnapshot, record: rawRecord }),
    })
  })
}

/** A client of this process as the command finds it. */
async function homeOf({ folder }: Server, { home, client, close }: TestClient): Promise<string> {
  await close()
  const path = join(folder, `cli-${formatId("device", whoAmI(client).deviceId)}`)
  await mkdir(path, { mode: 0o700 })
  await rename(join(home, "keystore"), join(path, "keystore"))
  return path
}
