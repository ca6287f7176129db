import { expect } from "chai"
import { appendFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as z from "zod"
import { makeClose } from "../../../client/crypto/account-links.js"
import { toHex } from "../../../shared/protocol/bytes.js"
import { isArchiveError } from "../../../shared/protocol/errors.js"
import { AppendLinkRequest } from "../../../shared/protocol/http.js"
import { asId, type CaseId, formatId, type MeetingId } from "../../../shared/protocol/ids.js"
import { SEGMENT_BYTES } from "../../../shared/protocol/sizes.js"
import { today } from "../../../shared/server/catalog/assets.js"
import { closeCase, readCase, releaseCase, setNotice } from "../../../shared/server/catalog/cases.js"
import { readCustody } from "../../../shared/server/catalog/custody.js"
import { markAsset, markMeeting } from "../../../shared/server/catalog/deletion.js"
import { unreleasedHolds } from "../../../shared/server/catalog/holds.js"
import { CASE_TABLES } from "../../../shared/server/catalog/ledger.js"
import type { Catalog } from "../../../shared/server/ports.js"
import { replayLedger, type Replayed, writeLedger } from "../../../worker/ledger.js"
import { cleanUp } from "../../../worker/reconciler.js"
import { accountPath, accountToken, call, postAccount } from "../../support/api-client.js"
import { ACTOR, hold, openTestCase } from "../../support/cases.js"
import { makePerson, type Person, random } from "../../support/people.js"
import { copyTestDatabase, type TestDatabase } from "../../support/postgres.js"
import { insertMeeting, makeAsset, type Stack, startStack, uploadWhole } from "../uploads/support.js"

const TIMES = { abandonedMs: 7 * 86_400_000, settleMs: 0, purgeGraceDays: 0 }
const NOTHING: Replayed = { cases: [], joined: [], accounts: 0, meetings: 0, assets: 0, tombstones: 0 }

/** SPEC.md §17. The store as it is, beside a database from before. */
describe("a ledger, on a database that was restored from an older backup", function () {
  this.timeout(120_000)
  let stack: Stack
  let folder: string
  let path: string
  let day: number
  let older: TestDatabase
  let forked: TestDatabase
  let heldMeeting: MeetingId
  let goneMeeting: MeetingId
  let begun: CaseId
  let since: CaseId
  let anna: Person
  const held = makeAsset(2 * SEGMENT_BYTES)
  const purged = makeAsset(2 * SEGMENT_BYTES)
  const marked = makeAsset(2 * SEGMENT_BYTES)
  const kept = makeAsset(2 * SEGMENT_BYTES)
  const later = makeAsset(2 * SEGMENT_BYTES)

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "taciturn-test-ledger-"))
    path = join(folder, "ledger.jsonl")
    stack = await startStack()
    const { catalog } = stack
    day = await today(catalog)
    anna = makePerson("anna's laptop")
    await postAccount(stack.url, anna)
    heldMeeting = stack.meetingId
    for (const asset of [held, purged, marked, kept]) await uploadWhole(stack, asset, 2 * SEGMENT_BYTES)
    ;({ meetingId: goneMeeting } = await insertMeeting(catalog))
    begun = await openTestCase(catalog, [{ kind: "meeting", id: heldMeeting }])

    older = await copyTestDatabase(catalog)
    forked = await copyTestDatabase(catalog)

    await markAsset(catalog, heldMeeting, purged.assetId, 0)
    await markMeeting(catalog, goneMeeting, 0)
    await clean(catalog)
    await setNotice(catalog, begun, ACTOR, null)
    await hold(catalog, begun, 30)
    since = await openTestCase(catalog, [{ kind: "asset", id: kept.assetId }], {
      notice: { day: day + 60, reason: "order, no. 4" },
    })
    await hold(catalog, since, 10)
    await releaseCase(catalog, since, ACTOR)
    await closeCase(catalog, since, ACTOR, "withdrawn")
    await markAsset(catalog, heldMeeting, held.assetId, 0)
    await markAsset(catalog, heldMeeting, marked.assetId, 7)
    await uploadWhole(stack, later, 2 * SEGMENT_BYTES)
    await closeAccount()
    await clean(catalog)
    await writeLedger({ catalog, instanceId: stack.worker.instanceId }, path)
  })
  after(async () => {
    await older.stop()
    await forked.stop()
    await stack.stop()
    await rm(folder, { recursive: true, force: true })
  })

  async function closeAccount(): Promise<void> {
    const { link, boxes } = makeClose(anna.chain, anna.author.signer, { nowMs: 1_790_000_100_000, random })
    const json = z.encode(AppendLinkRequest, { link, boxes: [...boxes] })
    const token = await accountToken(stack.url, anna)
    expect((await call(stack.url, "POST", accountPath(anna, "links"), { json, token })).status).to.equal(201)
  }

  async function clean(catalog: Catalog): Promise<void> {
    for (let pass = 0; pass < 2; pass++) await cleanUp({ ...stack.worker, catalog }, TIMES)
  }

  async function replay(catalog: Catalog, file = path, instanceId = stack.worker.instanceId): Promise<Replayed | null> {
    return await replayLedger({ catalog, instanceId }, ACTOR, file)
  }

  async function refusalOf(
    catalog: Catalog,
    ...given: Parameters<typeof replay> extends [Catalog, ...infer R] ? R : never
  ) {
    try {
      await replay(catalog, ...given)
      return "replayed"
    } catch (error) {
      if (!isArchiveError(error)) throw error
      return error.code
    }
  }

  /** All that a database says of its cases and of what was deleted. */
  async function stateOf(catalog: Catalog): Promise<Record<string, unknown>> {
    const state: Record<string, unknown> = {}
    for (const table of [...CASE_TABLES, "tombstones"])
      state[table] = (
        await catalog.query<{ row: Record<string, unknown> }>(
          `SELECT to_jsonb(${table}) AS row FROM ${table} ${table === "custody" ? 'WHERE entry NOT LIKE \'%"action":"replayed"%\'' : ""} ORDER BY to_jsonb(${table})`,
          [],
        )
      ).map(({ row }) => row)
    state["assets"] = await catalog.query(
      "SELECT asset_id, state, purge_day FROM assets WHERE asset_id <> $1 ORDER BY asset_id",
      [later.assetId],
    )
    state["meetings"] = await catalog.query("SELECT meeting_id, purge_day FROM meetings ORDER BY meeting_id", [])
    state["held_rows"] = await catalog.query(
      "SELECT subject, asset, table_name FROM held_rows ORDER BY asset, table_name",
      [],
    )
    state["accounts"] = await catalog.query("SELECT account_id, head_seq, head_hash, closed_day FROM accounts", [])
    state["links"] = await catalog.query("SELECT * FROM account_links ORDER BY seq", [])
    state["boxes"] = await catalog.query("SELECT * FROM account_boxes", [])
    return state
  }

  it("that is not whole is refused, whatever of it is lacking or altered, and so is another instance's (LE3)", async () => {
    const before = await stateOf(forked.catalog)
    const bytes = await readFile(path)
    const file = join(folder, "altered.jsonl")
    for (let at = 0; at < bytes.length; at += Math.ceil(bytes.length / 60)) {
      const altered = Buffer.from(bytes)
      altered[at] = (altered[at] ?? 0) ^ 1
      await writeFile(file, altered)
      expect(await refusalOf(forked.catalog, file), `byte ${at}`).to.equal("malformed")
      await writeFile(file, bytes.subarray(0, at))
      expect(await refusalOf(forked.catalog, file), `cut at ${at}`).to.equal("malformed")
    }
    await writeFile(file, bytes)
    await appendFile(file, '{"table":"tombstones","row":{}}\n')
    expect(await refusalOf(forked.catalog, file)).to.equal("malformed")
    expect(await refusalOf(forked.catalog, path, asId("instance", random(16)))).to.equal("instance-changed")
    expect(await stateOf(forked.catalog)).to.deep.equal(before)
    expect(await replay(forked.catalog, join(folder, "none.jsonl"))).to.equal(null)
  })

  it("says nothing that the database from which it was made does not know (LE1, LE2)", async () => {
    const before = await stateOf(stack.catalog)
    expect(await replay(stack.catalog)).to.deep.equal(NOTHING)
    expect(await stateOf(stack.catalog)).to.deep.equal(before)
  })

  it("brings holds and records back, then deletes again: what was held is kept with its bytes, what was not goes (LE1, LE2)", async () => {
    const keys = await stack.objectKeys(held.assetId)
    expect(keys).to.not.have.length(0)
    const replayed = await replay(older.catalog)
    expect(replayed?.cases).to.have.members([begun, since].map((id) => formatId("case", id)))
    expect(replayed).to.deep.include({ joined: [], accounts: 1, meetings: 1, assets: 3 })
    await clean(older.catalog)
    const [theirs, ours] = [await stateOf(older.catalog), await stateOf(stack.catalog)]
    for (const [name, rows] of Object.entries(ours)) expect(theirs[name], name).to.deep.equal(rows)
    expect(await stack.objectKeys(held.assetId)).to.deep.equal(keys)
    for (const caseId of [begun, since]) {
      const entries = (await readCustody(older.catalog, caseId)).map(
        ({ entry }) => JSON.parse(entry) as { action: string },
      )
      expect(entries.at(-1)).to.deep.include({ action: "replayed", actor: ACTOR.name })
    }
    const again = await stateOf(older.catalog)
    expect(await replay(older.catalog)).to.deep.equal(NOTHING)
    expect(await stateOf(older.catalog)).to.deep.equal(again)
  })

  it("that meets a case which went on otherwise holds what either holds, and tells nobody before either would (LE1)", async () => {
    const { catalog } = forked
    await setNotice(catalog, begun, ACTOR, null)
    await hold(catalog, begun, 5)
    expect(await replay(catalog)).to.deep.include({
      cases: [formatId("case", since)],
      joined: [formatId("case", begun)],
    })
    expect((await unreleasedHolds(catalog, begun)).map(({ id, untilDay }) => [toHex(id), untilDay])).to.deep.equal([
      [toHex(heldMeeting), day + 30],
    ])
    const noted = (await readCustody(stack.catalog, begun)).map(({ entry }) => entry)
    const record = (await readCustody(catalog, begun)).map(({ entry }) => JSON.parse(entry) as { action: string })
    expect(record.map(({ action }) => action)).to.deep.equal(["open", "scope", "notice", "hold", "replayed"])
    expect(record.at(-1)).to.deep.include({ details: { entries: 2, record: noted.slice(2) } })
    expect((await readCase(catalog, begun)).notice.day).to.equal(day)
    const told = await catalog.query("SELECT action, until_day FROM notices WHERE case_id = $1 ORDER BY seq", [begun])
    expect(told).to.deep.equal([5, 30].map((days) => ({ action: "hold", until_day: day + days })))
    await clean(catalog)
    const rows = await catalog.query("SELECT 1 FROM held_rows WHERE asset = $1 AND table_name = 'assets'", [
      held.assetId,
    ])
    expect(rows).to.have.length(1)
  })
})
