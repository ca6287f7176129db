import { mkdtemp } from "node:fs/promises"
import { join as joinPath } from "node:path"
import {
  type AccountId,
  addMember,
  createMeeting,
  listDevices,
  type MeetingId,
  openJournalFolder,
  rekeyMeeting,
  removeMember,
  revokeDevices,
  uploadRecording,
  whoAmI,
} from "../../client/sdk/index.js"
import { join } from "../hostile/support.js"
import type { Chance } from "./chance.js"
import { recoverClient, type Service, startClient, type TestClient } from "./sdk/clients.js"
import { bytesSource } from "./sdk/sources.js"

/** Who in truth was in which meeting: what no storage shall say. */
export interface Life {
  readonly accounts: readonly AccountId[]
  readonly meetings: readonly MeetingId[]
  /** Who made each meeting. */
  readonly admins: readonly TestClient[]
  /** By account, then meeting: whether it ever was in its roster. */
  readonly isMember: readonly (readonly boolean[])[]
}

const ACCOUNTS_PER_LIFE = 6
const MEETINGS_PER_LIFE = 3
const MOST_BYTES = 200_000

/** People of one life, not yet in any meeting. One of them has a second device. */
export async function startPeople(service: Service): Promise<readonly TestClient[]> {
  const people: TestClient[] = []
  for (let n = 0; n < ACCOUNTS_PER_LIFE; n++) people.push(await startClient(service, "device"))
  const second = await recoverClient(service, at(people, 0).recoveryPhrase, "lost")
  await second.close()
  return people
}

/**
 * Three meetings, their steps mixed: in each one is made, two are added, one of whom joins and the other doesn't; one rekeys, one removes somebody;
 * and the account with a second device revokes it.
 */
export async function live(people: readonly TestClient[], chance: Chance): Promise<Life> {
  const meetings: MeetingId[] = []
  const admins: TestClient[] = []
  const isMember = people.map(() => Array.from({ length: MEETINGS_PER_LIFE }, () => false))
  const steps = Array.from({ length: MEETINGS_PER_LIFE }, (_, index) => {
    const chosen = shuffled(people, chance).slice(0, 3)
    const [admin, joiner, waiter] = [at(chosen, 0), at(chosen, 1), at(chosen, 2)]
    admins.push(admin)
    for (const person of chosen) at(isMember, people.indexOf(person))[index] = true
    const id = (): MeetingId => at(meetings, index)
    const add = (person: TestClient) => async () => {
      await addMember(admin.client, id(), whoAmI(person.client).accountId)
    }
    const [first, second] = chance.oneIn(2) ? [joiner, waiter] : [waiter, joiner]
    return [
      async () => {
        meetings[index] = await createMeeting(admin.client, "t".repeat(1 + chance.below(400)))
      },
      add(first),
      add(second),
      async () => {
        await join(joiner, id())
      },
      async () => {
        if (index === 0) await removeMember(admin.client, id(), whoAmI(joiner.client).accountId)
        else await rekeyMeeting(chance.oneIn(2) ? admin.client : joiner.client, id())
      },
    ]
  })
  await runMixed(steps, chance)
  const { client } = at(people, 0)
  const lost = (await listDevices(client)).filter(({ isThis }) => !isThis)
  await revokeDevices(
    client,
    lost.map(({ deviceId }) => deviceId),
  )
  return { accounts: people.map(({ client: own }) => whoAmI(own).accountId), meetings, admins, isMember }
}

/** A recording in a meeting, by who made it. */
export async function uploadTo(admin: TestClient, meetingId: MeetingId, chance: Chance): Promise<void> {
  const journal = await openJournalFolder(await mkdtemp(joinPath(admin.home, "journal-")))
  await uploadRecording(admin.client, meetingId, journal, {
    details: { title: "R", fileName: null, capturedAtMs: null, durationMs: null, prepared: "as-is" },
    assets: [{ role: "media", mediaType: "video/mp4", source: bytesSource(chance.bytes(chance.below(MOST_BYTES))) }],
  })
}

/** Runs each list in its order, and the lists mixed. */
async function runMixed(lists: readonly (readonly (() => Promise<void>)[])[], chance: Chance): Promise<void> {
  const left = lists.map((list) => [...list])
  for (;;) {
    const open = left.filter((list) => list.length > 0)
    if (open.length === 0) return
    await chance.pick(open).shift()?.()
  }
}

export function shuffled<T>(items: readonly T[], chance: Chance): readonly T[] {
  const rest = [...items]
  return items.map(() => rest.splice(chance.below(rest.length), 1)[0] as T)
}

function at<T>(items: readonly T[], index: number): T {
  const item = items[index]
  if (item === undefined) throw new Error("not there")
  return item
}
