import { expect } from "chai"
import { readdir, readFile, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { isArchiveError } from "../../../shared/protocol/errors.js"
import { formatId } from "../../../shared/protocol/ids.js"
import { today } from "../../../shared/server/catalog/assets.js"
import { setNotice } from "../../../shared/server/catalog/cases.js"
import { markAsset, markMeeting } from "../../../shared/server/catalog/deletion.js"
import type { ScopeItem } from "../../../shared/server/catalog/holds.js"
import { certifyErasure } from "../../../worker/admin/erasure.js"
import type { Certificate } from "../../../worker/admin/erasure-format.js"
import { verifyCertificate } from "../../../worker/admin/verify-erasure.js"
import { cleanUp } from "../../../worker/reconciler.js"
import { ACTOR, hold, openTestCase } from "../../support/cases.js"
import { random } from "../../support/people.js"
import { copyBag, startWorld, VERIFIERS, type World } from "./support.js"

const TIMES = { abandonedMs: 7 * 86_400_000, settleMs: 0, purgeGraceDays: 0 }
const BACKUP_DAYS = 30

/** SPEC.md §19. */
describe("certificates of an erasure", function () {
  this.timeout(120_000)
  let world: World
  let asset: ScopeItem
  let meeting: ScopeItem
  let day: number
  let made = 0

  before(async () => {
    world = await startWorld("small")
    asset = { kind: "asset", id: world.published.assetId }
    meeting = { kind: "meeting", id: world.meeting.meetingId }
    day = await today(world.stack.catalog)
  })
  after(() => world.stop())

  async function certify(
    items: readonly ScopeItem[],
    backupDays: number | null = BACKUP_DAYS,
  ): Promise<{ readonly name: string; readonly items: Certificate["items"] }> {
    const name = `certificate-${++made}`
    const { catalog } = world.stack
    const parts = { catalog, instance: world.instance, version: "0.0.0-test", verifiers: VERIFIERS, backupDays }
    const written = await certifyErasure(parts, items, join(world.folder, name))
    const { certificate } = await verifyCertificate(join(world.folder, name), world.stack.instanceKey)
    expect(certificate).to.deep.equal(written)
    return { name, items: certificate.items }
  }

  it("say what is stored, marked, removed or unknown, and from which day on no backup has it (ER1)", async () => {
    const { catalog, worker } = world.stack
    const none = { purgeDay: null, removedDay: null, outOfBackupsDay: null, keptBy: [] }
    const unknown: ScopeItem = { kind: "account", id: random(16) }
    expect((await certify([asset, meeting, unknown])).items.map(({ state }) => state)).to.deep.equal([
      "kept",
      "kept",
      "unknown",
    ])
    await markAsset(catalog, world.meeting.meetingId, world.published.assetId, 7)
    expect((await certify([asset])).items[0]).to.deep.include({ ...none, state: "marked", purgeDay: day + 7 })
    await catalog.query("UPDATE assets SET purge_day = $2 WHERE asset_id = $1", [world.published.assetId, day])
    await cleanUp(worker, TIMES)
    const removed = { ...none, state: "removed", removedDay: day }
    expect((await certify([asset])).items[0]).to.deep.include({ ...removed, outOfBackupsDay: day + BACKUP_DAYS })
    expect((await certify([asset], null)).items[0]).to.deep.include(removed)
  })

  it("name what a hold keeps, and no hold of which a court forbids to tell (ER2)", async () => {
    const { catalog, worker } = world.stack
    const caseId = await openTestCase(catalog, [meeting], { notice: { day: day + 30, reason: "order, no. 4" } })
    await hold(catalog, caseId, 10)
    await markMeeting(catalog, world.meeting.meetingId, 0)
    await cleanUp(worker, TIMES)
    await cleanUp(worker, TIMES)
    const [silent] = (await certify([meeting])).items
    expect(silent).to.deep.include({ state: "removed", removedDay: day, keptBy: [] })
    await setNotice(catalog, caseId, ACTOR, null)
    const [told] = (await certify([meeting])).items
    expect(told?.keptBy.map(({ case: name, untilDay }) => [name, untilDay])).to.deep.equal([
      [formatId("case", caseId), day + 10],
    ])
    expect(told?.keptBy[0]?.rows).to.be.greaterThan(5)
  })

  it("are refused with a byte altered anywhere, without a part, and signed by another instance (ER3)", async () => {
    const { name } = await certify([asset, meeting])
    const refusal = async (folder: string, key: Uint8Array | null = null): Promise<string> => {
      try {
        await verifyCertificate(folder, key)
        return "accepted"
      } catch (error) {
        if (!isArchiveError(error)) throw error
        return error.code
      }
    }
    const files = (await readdir(join(world.folder, name))).filter((file) => !file.startsWith("verify."))
    expect(files).to.have.length(3)
    for (const file of files) {
      const bytes = await readFile(join(world.folder, name, file))
      for (let at = 0; at < bytes.length; at += Math.ceil(bytes.length / 40)) {
        const folder = await copyBag(world, name, "altered")
        const altered = Buffer.from(bytes)
        altered[at] = (altered[at] ?? 0) ^ 1
        await replace(join(folder, file), altered)
        expect(await refusal(folder), `${file} at ${at}`).to.not.equal("accepted")
      }
    }
    expect(await refusal(join(world.folder, name))).to.equal("accepted")
    expect(await refusal(join(world.folder, name), random(32))).to.equal("instance-changed")
    const other = await certify([asset])
    const mixed = await copyBag(world, name, "mixed")
    await replace(join(mixed, "certificate.json"), await readFile(join(world.folder, other.name, "certificate.json")))
    expect(await refusal(mixed)).to.equal("bad-signature")
  })

  it("replace no folder that is there", async () => {
    const { name } = await certify([asset])
    const parts = { catalog: world.stack.catalog, instance: world.instance, version: "0", verifiers: VERIFIERS }
    const failed: unknown = await certifyErasure(
      { ...parts, backupDays: null },
      [asset],
      join(world.folder, name),
    ).catch((error: unknown) => error)
    expect(isArchiveError(failed) && failed.code).to.equal("exists")
  })
})

/** Its bytes are shared with the folder that it was copied from: a new file takes its place. */
async function replace(path: string, bytes: Uint8Array): Promise<void> {
  await rm(path)
  await writeFile(path, bytes)
}
