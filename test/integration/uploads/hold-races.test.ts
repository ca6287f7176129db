import { expect } from "chai"
import { randomBytes } from "node:crypto"
import { setTimeout as delay } from "node:timers/promises"
import { toHex } from "../../../shared/protocol/bytes.js"
import { SEGMENT_BYTES } from "../../../shared/protocol/sizes.js"
import { nodeSha256 } from "../../../shared/server/ambient.js"
import { assetRecordKey, chunkKey } from "../../../shared/server/assets/layout.js"
import { deleteInboxEntry } from "../../../shared/server/catalog/accounts.js"
import { releaseCase } from "../../../shared/server/catalog/cases.js"
import { asId, type CaseId } from "../../../shared/protocol/ids.js"
import type { PlacedHold } from "../../../shared/server/catalog/holds.js"
import type { Catalog, ObjectStore } from "../../../shared/server/ports.js"
import type { WorkerContext } from "../../../worker/context.js"
import { cleanUp } from "../../../worker/reconciler.js"
import { ACTOR, hold, openTestCase } from "../../support/cases.js"
import { type Chance, chanceOf } from "../../support/chance.js"
import { TEST_RUN } from "../../support/config.js"
import { insertMeeting, makeAsset, type Stack, startStack } from "./support.js"

const RUNS = TEST_RUN.isFull ? 1_000 : 40
/** Within which what races begins. */
const SPREAD_MS = 12
/** By so much more, with each run, begins later what came first in all runs before: on a slow machine too the orders meet. */
const HEAD_START_MS = 10
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
    const seen = { listed: 0, whole: 0, gone: 0 }
    for (let run = 0; run < RUNS; run++) {
      const { meetingId } = await insertMeeting(stack.catalog)
      const assets = await Promise.all(["marked", "marked", "cancelled"].map((state) => insertAsset(meetingId, state)))
      const caseId = await openTestCase(
        stack.catalog,
        chance.oneIn(3)
          ? assets.map(({ assetId }) => ({ kind: "asset" as const, id: assetId }))
          : [{ kind: "meeting", id: meetingId }],
      )
      // In one of two runs the hold comes when a purger has begun and was stopped, so that the two surely meet.
      const stopped = chance.oneIn(2) ? stopPurger() : null
      const purged = stopped === null ? null : clean(stopped.worker)
      await stopped?.reached
      const [placed] = await Promise.all([
        wait(chance).then(() => holdAndLook(caseId, assets)),
        wait(chance).then(() => clean()),
        wait(chance).then(() => stopped?.goOn()),
      ])
      await purged
      await clean()
      const listed = new Set(placed.alreadyBeingRemoved.map(toHex))
      for (const { assetId, keys } of assets) {
        if (listed.has(toHex(assetId))) seen.listed += 1
        else if (placed.goneBefore.has(toHex(assetId))) seen.gone += 1
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
    // Both ways were gone, or the race was none.
    expect(Math.min(seen.listed, seen.whole), JSON.stringify(seen)).to.be.greaterThan(0)
  })

  it("list what is being removed when they come, and nothing beside it (HO3)", async () => {
    const { meetingId } = await insertMeeting(stack.catalog)
    const assets = [await insertAsset(meetingId, "marked"), await insertAsset(meetingId, "marked")]
    const caseId = await openTestCase(stack.catalog, [{ kind: "meeting", id: meetingId }])
    const stopped = stopPurger()
    const purged = clean(stopped.worker)
    await stopped.reached
    const { alreadyBeingRemoved } = await hold(stack.catalog, caseId)
    const begun = await stack.catalog.query<{ asset_id: Uint8Array }>(
      "SELECT asset_id FROM assets WHERE meeting_id = $1 AND removing",
      [meetingId],
    )
    expect(begun).to.have.length(1)
    expect(alreadyBeingRemoved.map(toHex)).to.deep.equal(begun.map((row) => toHex(row.asset_id)))
    stopped.goOn()
    await purged
    for (const { assetId, keys } of assets)
      expect(await stack.objectKeys(assetId)).to.deep.equal(
        toHex(assetId) === toHex(begun[0]?.asset_id ?? assetId) ? [] : keys,
      )
    await releaseCase(stack.catalog, caseId, ACTOR)
    await clean()
  })

  it("list what was being removed when they came, though it is gone when they get the locks (HO3)", async () => {
    for (const locked of [
      "SELECT 1 FROM cases WHERE case_id = $1 FOR UPDATE",
      "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))",
    ]) {
      const { meetingId } = await insertMeeting(stack.catalog)
      const { assetId } = await insertAsset(meetingId, "marked")
      const caseId = await openTestCase(stack.catalog, [{ kind: "meeting", id: meetingId }])
      const stopped = stopPurger()
      const purged = clean(stopped.worker)
      await stopped.reached
      const placing = await stack.catalog.transaction(async (transaction) => {
        await transaction.query(locked, [locked.includes("cases") ? caseId : toHex(meetingId)])
        const placed = hold(stack.catalog, caseId)
        await untilSomebodyWaits()
        if (locked.includes("cases")) {
          stopped.goOn()
          await purged
        } else {
          // As buryAsset does, which would wait for these locks too.
          await transaction.query("DELETE FROM chunks WHERE asset_id = $1", [assetId])
          await transaction.query("DELETE FROM assets WHERE asset_id = $1", [assetId])
        }
        return { placed }
      })
      stopped.goOn()
      await purged
      expect((await placing.placed).alreadyBeingRemoved.map(toHex), locked).to.deep.equal([toHex(assetId)])
      expect(await stack.catalog.query("SELECT 1 FROM assets WHERE asset_id = $1", [assetId])).to.deep.equal([])
      await releaseCase(stack.catalog, caseId, ACTOR)
    }
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
        wait(chance, seen.before === 0 ? run * HEAD_START_MS : 0)
          .then(() => hold(stack.catalog, caseId))
          .then(async () => {
            const rows = await stack.catalog.query(
              "SELECT 1 FROM inbox_entries WHERE entry_id = $1 UNION ALL SELECT 1 FROM held_rows WHERE subject = $2",
              [entry, account],
            )
            return rows.length === 1
          }),
        wait(chance, seen.after === 0 ? run * HEAD_START_MS : 0).then(() =>
          deleteInboxEntry(stack.catalog, account, entry),
        ),
      ])
      const kept = await stack.catalog.query("SELECT 1 FROM held_rows WHERE subject = $1", [account])
      expect(kept.length === 1, `run ${run}`).to.equal(wasThere)
      seen[wasThere ? "after" : "before"] += 1
    }
    expect(Math.min(seen.before, seen.after), JSON.stringify(seen)).to.be.greaterThan(0)
  })

  const clean = (worker = stack.worker): Promise<void> => cleanUp(worker, TIMES)

  /** A worker that has begun to remove an asset, and waits before it removes the first of its bytes. */
  function stopPurger(): {
    readonly worker: WorkerContext
    readonly reached: Promise<void>
    readonly goOn: () => void
  } {
    let goOn = (): void => undefined
    const gate = new Promise<void>((resolve) => {
      goOn = resolve
    })
    let isReached = (): void => undefined
    const reached = new Promise<void>((resolve) => {
      isReached = resolve
    })
    const objects: ObjectStore = {
      ...stack.objects,
      delete: async (key) => {
        isReached()
        await gate
        await stack.objects.delete(key)
      },
    }
    return { worker: { ...stack.worker, objects }, reached, goOn }
  }

  /** A hold, and which of these assets were gone, with nothing left of them, when it had its locks. */
  async function holdAndLook(
    caseId: CaseId,
    assets: readonly { readonly assetId: Uint8Array }[],
  ): Promise<PlacedHold & { readonly goneBefore: ReadonlySet<string> }> {
    let goneBefore: ReadonlySet<string> = new Set()
    const looking: Catalog = {
      ...stack.catalog,
      query: (text, values) => stack.catalog.query(text, values),
      transaction: (work) =>
        stack.catalog.transaction(async (transaction) => {
          const result = await work(transaction)
          const gone = await transaction.query<{ id: Uint8Array }>(
            "SELECT id FROM tombstones WHERE kind = 'asset' AND id = ANY ($1::bytea[]) AND NOT EXISTS (SELECT 1 FROM held_rows WHERE asset = id)",
            [assets.map(({ assetId }) => Buffer.from(assetId))],
          )
          goneBefore = new Set(gone.map(({ id }) => toHex(id)))
          return result
        }),
    }
    return { ...(await hold(looking, caseId)), goneBefore }
  }

  /** Until a connection of this database waits for another's lock. */
  async function untilSomebodyWaits(): Promise<void> {
    for (;;) {
      const waiting = await stack.catalog.query(
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
        [],
      )
      if (waiting.length > 0) return
      await delay(5)
    }
  }

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

async function wait(chance: Chance, moreMs = 0): Promise<void> {
  await delay(chance.below(SPREAD_MS) + moreMs)
}
