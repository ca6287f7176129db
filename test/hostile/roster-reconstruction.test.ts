import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { expect } from "chai"
import pg from "pg"
import { toHex } from "../../shared/protocol/bytes.js"
import { chanceOf } from "../support/chance.js"
import { TEST_RUN } from "../support/config.js"
import { leastDistance, type LifeTable, linkageProbability } from "../support/linkage.js"
import { type Life, live, shuffled, startPeople, uploadTo } from "../support/lives.js"
import { root } from "../support/programs.js"
import { type Service, startService, type TestClient } from "../support/sdk/clients.js"
import { type Feature, measureFeatures, placesOf } from "../support/storage-places.js"

const LIVES = TEST_RUN.isFull ? 200 : 4
/** So many people act at a time, whatever the number of lives. */
const AT_ONCE = 12
const PERMUTATIONS = 39_999
/** Of all features together, by Bonferroni: so seldom is something found that is none. A run of every day has less to tell by, and no time to be wrong. */
const SIGNIFICANT = TEST_RUN.isFull ? 0.01 : 0.001

/** What tells from a whole server's storage who is in which meeting, and what doesn't. SECURITY.md names each that does. */
describe("Hostile: reconstruction of rosters from everything that is stored", function () {
  this.timeout(TEST_RUN.isFull ? 3_600_000 : 180_000)
  let service: Service
  let logs = ""
  let database: pg.Client
  let lives: readonly Life[]
  let features: readonly Feature[]
  const everybody: TestClient[] = []

  before(async () => {
    service = await startService({}, { write: (line) => (logs += line) })
    database = new pg.Client({ connectionString: service.databaseUrl })
    await database.connect()
    const chanceFor = (name: string) => chanceOf(TEST_RUN.seed, `roster reconstruction, ${name}`)
    const numbers = Array.from({ length: LIVES }, (_, number) => number)
    const people = await atOnce(numbers, async () => await startPeople(service))
    everybody.push(...people.flat())
    lives = await atOnce(numbers, async (number) => await live(people[number] ?? [], chanceFor(`life ${number}`)))
    const uploads = lives.flatMap(({ meetings, admins }) =>
      meetings.map((meeting, index) => ({ meeting, admin: admins[index] })),
    )
    await atOnce(shuffled(uploads, chanceFor("uploads")), async ({ meeting, admin }, number) => {
      if (admin !== undefined) await uploadTo(admin, meeting, chanceFor(`upload ${number}`))
    })
    features = await measureFeatures({
      database,
      dataFolder: join(service.folder, "data"),
      logs,
      accountIds: lives.flatMap(({ accounts }) => accounts),
      meetingIds: lives.flatMap(({ meetings }) => meetings),
    })
  })
  after(async () => {
    for (const { close } of everybody) await close()
    await database.end()
    await service.stop()
  })

  const probabilityOf = (feature: Feature): number =>
    linkageProbability(
      lives.map((life) => tableOf(life, feature)),
      chanceOf(TEST_RUN.seed, feature.name),
      PERMUTATIONS,
    )

  it("no feature links accounts to meetings but those that SECURITY.md lists", async () => {
    const security = await readFile(join(root, "SECURITY.md"), "utf8")
    const rows = [...security.matchAll(/^\| `([^`]+)` \| (.*) \|$/gm)]
    const listed = rows.map(([, name]) => name)
    expect(features.map(({ name }) => name)).to.include.members(listed)
    const found = features.map((feature) => ({ name: feature.name, p: probabilityOf(feature) }))
    const linking = found.filter(({ p }) => p * features.length <= SIGNIFICANT).map(({ name }) => name)
    const seen = `seed ${TEST_RUN.seed}: ${JSON.stringify(found)}`
    expect(listed, seen).to.include.members(linking)
    // Few lives show little of what the list has; of many, each listed feature has something to show, but for what seldom tells anything.
    const telling = found.filter(({ p }) => p <= 0.01).map(({ name }) => name)
    const often = rows.filter(([, , what = ""]) => !what.startsWith("seldom: ")).map(([, name]) => name)
    if (TEST_RUN.isFull) expect(telling, seen).to.include.members(often)
  })

  it("the logs are all there, and name no account and no meeting", () => {
    expect(logs).to.include("/v1/meetings/:meeting/events").and.to.include("/v1/accounts/:account/keyring")
    const named = features.find(({ name }) => name === "logs")
    expect([named?.accounts.size, named?.meetings.size]).to.deep.equal([0, 0])
  })

  it("would find a column that links: a planted one is", async () => {
    await database.query("CREATE TABLE planted (account_id bytea NOT NULL, hint integer NOT NULL)")
    for (const { accounts, meetings, isMember } of lives)
      for (const [account, memberships] of isMember.entries())
        for (const [index, meeting] of meetings.entries())
          if (memberships[index] === true)
            await database.query("INSERT INTO planted VALUES ($1, $2)", [accounts[account], meeting[0]])
    const planted: Feature = {
      name: "planted",
      accounts: await placesOf(database, { table: "planted", value: "hint" }),
      meetings: await placesOf(database, { table: "meetings", id: "meeting_id", value: "get_byte(meeting_id, 0)" }),
    }
    expect(probabilityOf(planted) * (features.length + 1)).to.be.lessThan(SIGNIFICANT)
  })
})

function tableOf({ accounts, meetings, isMember }: Life, feature: Feature): LifeTable {
  return {
    isMember,
    distances: accounts.map((account) =>
      meetings.map((meeting) =>
        leastDistance(feature.accounts.get(toHex(account)), feature.meetings.get(toHex(meeting))),
      ),
    ),
  }
}

/** In order of the items; some at a time. */
async function atOnce<T, R>(items: readonly T[], work: (item: T, index: number) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = []
  const waiting = [...items.entries()]
  const lane = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
      results[next[0]] = await work(next[1], next[0])
  }
  await Promise.all(Array.from({ length: AT_ONCE }, lane))
  return results
}
