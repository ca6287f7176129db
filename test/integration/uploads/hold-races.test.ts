import { expect } from "chai"
import { randomBytes } from "node:crypto"
import { setTimeout as delay } from "node:timers/promises"
import { toHex } from "../../../shared/protocol/bytes.js"
import { SEGMENT_BYTES } from "../../../shared/protocol/sizes.js"
import { nodeSha256 } from "../../../shared/server/ambient.js"
import { assetRecordKey, chunkKey } from "../../../shared/server/assets/layout.js"
import { deleteInboxEntry } from "../../../shared/server/catalog/accounts.js"
import { releaseCase } from "../../../shared/server/catalog/cases.js"
import { asId } from "../../../shared/protocol/ids.js"
import { cleanUp } from "../../../worker/reconciler.js"
import { ACTOR, hold, openTestCase } from "../../support/cases.js"
import { type Chance, chanceOf } from "../../support/chance.js"
import { TEST_RUN } from "../../support/config.js"
import { insertMeeting, makeAsset, type Stack, startStack } from "./support.js"

const RUNS = TEST_RUN.isFull ? 1_000 : 40
/** Within which what races begins, and holds among that. */
const SPREAD_MS = 12
const EARLY_MS = 4
const TIMES = { abandonedMs: 7 * 86_400_000, settleMs: 0, purgeGraceDays: 0 }

/** SPEC.md §17, HO3. */
describe(`${RUNS} holds that come while what they are on is deleted, from TACITURN_TEST_SEED=${TEST_RUN.seed}`, function () {
  this.timeout(TEST_RUN.isFull ? 1_800_000 : 120_000)
  let stack: Stack

  before(async () => {
    stack = await startStack()
  })
  after(() => stack.stop())

  it("lose nothing: an asset is listed as being removed already, or is whole as long as the hold lasts (HO3)", async () => {
    const chance = chanceOf(TEST_RUN.seed, "holds and the purger")
    const seen = { listed: 0, whole: 0 }
    for (let run = 0; run < RUNS; run++) {
      const { meetingId } = await insertMeeting(stack.catalog)
      const assets = await Promise.all(["marked", "marked", "cancelled"].map((state) => insertAsset(meetingId, state)))
      const caseId = await openTestCase(
        stack.catalog,
        chance.oneIn(3)
          ? assets.map(({ assetId }) => ({ kind: "asset" as const, id: assetId }))
          : [{ kind: "meeting", id: meetingId }],
      )
      const [placed] = await Promise.all([
        // Early enough that no removal is over before: then there would be nothing to list, and nothing to keep.
        wait(chance, EARLY_MS).then(() => hold(stack.catalog, caseId)),
        wait(chance).then(() => clean()),
        wait(chance).then(() => clean()),
      ])
      await clean()
      const listed = new Set(placed.alreadyBeingRemoved.map(toHex))
      for (const { assetId, keys } of assets) {
        if (listed.has(toHex(assetId))) seen.listed += 1
        else {
          seen.whole += 1
          expect(await stack.objectKeys(assetId), `run ${run}`).to.deep.equal(keys)
          const rows = await stack.catalog.query(
            "SELECT table_name FROM held_rows WHERE asset = $1 ORDER BY table_name",
            [assetId],
          )
          expect(rows).to.deep.equal([{ table_name: "assets" }, { table_name: "chunks" }])
        }
      }
      await releaseCase(stack.catalog, caseId, ACTOR)
      // A new hold that comes while what outlived the first is removed.
      const again = await openTestCase(stack.catalog, [{ kind: "meeting", id: meetingId }])
      const [second] = await Promise.all([
        wait(chance).then(() => hold(stack.catalog, again)),
        wait(chance).then(() => clean()),
      ])
      await clean()
      const going = new Set(second.alreadyBeingRemoved.map(toHex))
      for (const { assetId, keys } of assets) {
        const kept = await stack.catalog.query("SELECT 1 FROM held_rows WHERE asset = $1", [assetId])
        if (kept.length > 0 && !going.has(toHex(assetId)))
          expect(await stack.objectKeys(assetId), `run ${run}, again`).to.deep.equal(keys)
        else expect(await stack.objectKeys(assetId)).to.deep.equal([])
      }
      await releaseCase(stack.catalog, again, ACTOR)
      await clean()
    }
    // How many are listed hangs on the machine: a slow purger is always met before it begins.
    expect(seen.whole, JSON.stringify(seen)).to.be.greaterThan(0)
  })

  it("list what is being removed when they come, and nothing beside it (HO3)", async () => {
    const { meetingId } = await insertMeeting(stack.catalog)
    const going = await insertAsset(meetingId, "marked")
    await insertAsset(meetingId, "marked")
    await stack.catalog.query("UPDATE assets SET state = 'purging', removing = true WHERE asset_id = $1", [
      going.assetId,
    ])
    const caseId = await openTestCase(stack.catalog, [{ kind: "meeting", id: meetingId }])
    const { alreadyBeingRemoved } = await hold(stack.catalog, caseId)
    expect(alreadyBeingRemoved.map(toHex)).to.deep.equal([toHex(going.assetId)])
    await releaseCase(stack.catalog, caseId, ACTOR)
  })

  it("lose no row of an account's that was there when the hold was (HO3)", async () => {
    const chance = chanceOf(TEST_RUN.seed, "holds and inboxes")
    const seen = { before: 0, after: 0 }
    for (let run = 0; run < RUNS; run++) {
      const account = asId("account", new Uint8Array(randomBytes(16)))
      await stack.catalog.query(
        "INSERT INTO accounts (account_id, genesis_hash, head_seq, head_hash, created_day) VALUES ($1, $2, 0, $2, 1)",
        [account, randomBytes(32)],
      )
      const entry = randomBytes(16)
      await stack.catalog.query(
        "INSERT INTO inbox_entries (entry_id, account_id, sealed, day) VALUES ($1, $2, $3, 1)",
        [entry, account, randomBytes(64)],
      )
      const caseId = await openTestCase(stack.catalog, [{ kind: "account", id: account }])
      const [wasThere] = await Promise.all([
        wait(chance)
          .then(() => hold(stack.catalog, caseId))
          .then(async () => {
            const rows = await stack.catalog.query(
              "SELECT 1 FROM inbox_entries WHERE entry_id = $1 UNION ALL SELECT 1 FROM held_rows WHERE subject = $2",
              [entry, account],
            )
            return rows.length === 1
          }),
        wait(chance).then(() => deleteInboxEntry(stack.catalog, account, entry)),
      ])
      const kept = await stack.catalog.query("SELECT 1 FROM held_rows WHERE subject = $1", [account])
      expect(kept.length === 1, `run ${run}`).to.equal(wasThere)
      seen[wasThere ? "after" : "before"] += 1
    }
    expect(Math.min(seen.before, seen.after), JSON.stringify(seen)).to.be.greaterThan(0)
  })

  const clean = (): Promise<void> => cleanUp(stack.worker, TIMES)

  /** As the API and the worker would have left it: how they do is tested elsewhere. */
  async function insertAsset(
    meetingId: Uint8Array,
    state: string,
  ): Promise<{ readonly assetId: Uint8Array; readonly keys: readonly string[] }> {
    const { assetId, header, bytes, root } = makeAsset(SEGMENT_BYTES)
    const sha256 = nodeSha256(bytes)
    await stack.catalog.query(
      `INSERT INTO assets (asset_id, meeting_id, header, header_hash, state, size_bytes, offset_bytes, root, upload_secret_hash, created_day, stored_day, active_at, purge_day)
       VALUES ($1, $2, $3, $4, $5, $6, $6, $7, $4, 1, 1, now(), CASE WHEN $5 = 'marked' THEN 1 END)`,
      [assetId, meetingId, header, nodeSha256(header), state, bytes.length, root],
    )
    await stack.catalog.query(
      "INSERT INTO chunks (asset_id, n, size_bytes, sha256, leaf_hashes, stored) VALUES ($1, 0, $2, $3, $4, true)",
      [assetId, bytes.length, sha256, root],
    )
    const keys = [chunkKey(assetId, 0, sha256), assetRecordKey(assetId)].sort()
    for (const key of keys) await stack.objects.put(key, { kind: "bytes", bytes, sha256 })
    return { assetId, keys }
  }
})

async function wait(chance: Chance, mostMs = SPREAD_MS): Promise<void> {
  await delay(chance.below(mostMs))
}
