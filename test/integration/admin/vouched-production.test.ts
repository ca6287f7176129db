import { expect } from "chai"
import { execFile } from "node:child_process"
import { readdir, readFile, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import { isArchiveError } from "../../../shared/protocol/errors.js"
import type { CaseId } from "../../../shared/protocol/ids.js"
import { readCustody } from "../../../shared/server/catalog/custody.js"
import { readNotices } from "../../../shared/server/catalog/notices.js"
import { readReport } from "../../../shared/server/catalog/report.js"
import { signerOfSeed } from "../../../shared/server/signatures.js"
import { confirmProduction } from "../../../worker/admin/confirm.js"
import { CONFIRMATION_FILE, signConfirmation } from "../../../worker/admin/confirmation.js"
import { produceCase, type ProductionResult } from "../../../worker/admin/produce.js"
import { verifyProduction, type VerifiedProduction } from "../../../worker/admin/verify.js"
import { ACTOR, openTestCase } from "../../support/cases.js"
import { random } from "../../support/people.js"
import { judgeBag } from "../../support/rfc8493.js"
import { startAuthority, type TestAuthority } from "../../support/tsa.js"
import { copyBag, forge, startWorld, type World } from "./support.js"

const run = promisify(execFile)
const SECOND = { name: "another operator", tool: ACTOR.tool }

/** SPEC.md §12. */
describe("productions that somebody else vouches for", function () {
  this.timeout(180_000)
  let world: World
  let authority: TestAuthority
  let caseId: CaseId

  before(async () => {
    world = await startWorld("small")
    authority = await startAuthority()
  })
  beforeEach(async () => {
    caseId = await openTestCase(world.stack.catalog, [{ kind: "meeting", id: world.meeting.meetingId }])
  })
  after(async () => {
    await authority.stop()
    await world.stop()
  })

  type Options = Partial<Pick<Parameters<typeof produceCase>[1], "timestampUrl" | "confirmerKeys">>
  const produce = async (name: string, options: Options): Promise<ProductionResult> =>
    await produceCase(world.parts, {
      caseId,
      actor: ACTOR,
      target: join(world.folder, name),
      force: false,
      onProgress: () => undefined,
      ...options,
    })
  const verify = async (name: string): Promise<VerifiedProduction> =>
    await verifyProduction(join(world.folder, name), { instanceKey: world.stack.instanceKey, onFile: () => undefined })
  const refusal = async (work: Promise<unknown>): Promise<readonly [string, string | undefined]> => {
    try {
      await work
      return ["none", undefined]
    } catch (error) {
      if (!isArchiveError(error)) throw error
      return [error.code, error.place]
    }
  }

  it("carry an authority's time-stamp, which OpenSSL verifies too (G13)", async () => {
    await produce("stamped", { timestampUrl: authority.url })
    const { timestamp } = await verify("stamped")
    expect(timestamp?.authority).to.equal("Test time-stamps")
    expect(Math.abs((timestamp?.time.getTime() ?? 0) - Date.now())).to.be.lessThan(120_000)
    const folder = join(world.folder, "stamped")
    expect(await judgeBag(folder)).to.deep.equal([])
    const args = ["ts", "-verify", "-in", "timestamp.tsr", "-data", "manifest-sha512.txt", "-CAfile", authority.caFile]
    const { stdout, stderr } = await run("openssl", args, { cwd: folder })
    expect(stdout + stderr).to.contain("Verification: OK")
  })

  it("are refused with a time-stamp of something else, though correctly signed (G13)", async () => {
    await produce("one", { timestampUrl: authority.url })
    const stamp = await readFile(join(world.folder, "one", "timestamp.tsr"))
    // The time that it says: a year's digits.
    const time = stamp.indexOf(String(new Date().getUTCFullYear()), 60)
    const refusalWith = async (source: string, timestamp: Uint8Array): Promise<readonly unknown[]> => {
      const forged = await forge(world, source, "forged", { scopeId: caseId, timestamp })
      return await refusal(verifyProduction(forged, { instanceKey: null, onFile: () => undefined }))
    }
    expect(await refusalWith("one", stamp), "its own").to.deep.equal(["none", undefined])
    expect(await refusalWith("one", flipped(stamp, time + 3)), "of another time").to.deep.equal([
      "integrity",
      "timestamp.tsr",
    ])
    expect(await refusalWith("one", Buffer.from("no time-stamp"))).to.deep.equal(["integrity", "timestamp.tsr"])
    caseId = await openTestCase(world.stack.catalog, [{ kind: "meeting", id: world.meeting.meetingId }])
    await produce("two", {})
    expect(await refusalWith("two", stamp), "of another's").to.deep.equal(["integrity", "timestamp.tsr"])
  })

  it("wait for an authority that answers, and take no answer to another question", async () => {
    const old = await readFile(join(world.folder, "stamped", "timestamp.tsr"))
    for (const alter of [() => Buffer.from("busy"), () => old, (reply: Buffer) => flipped(reply, reply.length - 9)]) {
      authority.answerWith(alter)
      expect((await refusal(produce("later", { timestampUrl: authority.url })))[0]).to.equal("unavailable")
    }
    authority.answerWith(null)
    expect((await refusal(produce("later", { timestampUrl: "http://127.0.0.1:1/tsa" })))[0]).to.equal("unavailable")
    expect((await readdir(world.folder)).includes("later")).to.equal(false)
    await produce("later", { timestampUrl: authority.url })
    expect((await verify("later")).timestamp).to.not.equal(null)
  })

  it("are nobody's before a second operator confirmed them, where that is required (G14)", async () => {
    const { catalog } = world.stack
    const [confirmer, stranger] = [signerOfSeed(random(32)), signerOfSeed(random(32))]
    const { folder, tagManifestHash } = await produce("twice", {
      confirmerKeys: [signerOfSeed(random(32)).publicKey, confirmer.publicKey],
    })
    expect(folder).to.equal(join(world.folder, "twice.unconfirmed"))
    expect(await refusal(verify("twice.unconfirmed"))).to.deep.equal(["bad-signature", CONFIRMATION_FILE])
    const told = async (): Promise<number> =>
      (await readNotices(catalog, world.meeting.meetingId)).flatMap(({ steps }) => steps).length
    const productions = async (): Promise<number> => (await readReport(catalog))[0]?.productions ?? 0
    const [toldBefore, producedBefore] = [await told(), await productions()]
    const confirm = async (as: typeof ACTOR, by: typeof confirmer, of = folder): Promise<string> =>
      await confirmProduction(catalog, world.instance, { caseId, folder: of, actor: as, confirmer: by })
    expect((await refusal(confirm(SECOND, stranger)))[0]).to.equal("forbidden")
    expect((await refusal(confirm(ACTOR, confirmer)))[0], "by the same person").to.equal("conflict")
    const wrong = await copyBag(world, "twice.unconfirmed", "altered.unconfirmed")
    const records = join(wrong, "data/records.jsonl")
    const bytes = await readFile(records)
    await rm(records)
    await writeFile(records, flipped(bytes, 100))
    expect((await refusal(confirm(SECOND, confirmer, wrong)))[0], "of an altered one").to.equal("integrity")
    expect([await told(), await productions()]).to.deep.equal([toldBefore, producedBefore])

    expect(await confirm(SECOND, confirmer)).to.equal(join(world.folder, "twice"))
    expect((await verify("twice")).tagManifestHash).to.deep.equal(new Uint8Array(tagManifestHash))
    expect([await told(), await productions()]).to.deep.equal([toldBefore + 1, producedBefore + 1])
    const actions = (await readCustody(catalog, caseId)).map(
      ({ entry }) => JSON.parse(entry) as { readonly action: string; readonly actor: string },
    )
    expect(actions.slice(-2).map(({ action, actor }) => [action, actor])).to.deep.equal([
      ["prepared", ACTOR.name],
      ["produced", SECOND.name],
    ])
  })

  it("are refused with another's confirmation, one of another production, an altered one, or one that nobody asked for (G14)", async () => {
    const confirmer = signerOfSeed(random(32))
    const { tagManifestHash } = await produce("sworn", { confirmerKeys: [confirmer.publicKey] })
    const statement = { scopeId: caseId, tagManifestHash, day: 1 }
    const good = signConfirmation(statement, confirmer)
    const judge = async (confirmation: Uint8Array, of = "sworn.unconfirmed"): Promise<string> => {
      const folder = await copyBag(world, of, "judged")
      await writeFile(join(folder, CONFIRMATION_FILE), confirmation)
      return (await refusal(verifyProduction(folder, { instanceKey: null, onFile: () => undefined })))[0]
    }
    expect(await judge(good)).to.equal("none")
    expect(await judge(signConfirmation(statement, signerOfSeed(random(32))))).to.equal("bad-signature")
    expect(await judge(signConfirmation({ ...statement, tagManifestHash: random(64) }, confirmer))).to.equal(
      "bad-signature",
    )
    expect(await judge(signConfirmation({ ...statement, scopeId: random(16) }, confirmer))).to.equal("bad-signature")
    for (let at = 0; at < good.length; at += 7)
      expect(await judge(flipped(good, at)), `byte ${at}`).to.not.equal("none")
    caseId = await openTestCase(world.stack.catalog, [{ kind: "meeting", id: world.meeting.meetingId }])
    await produce("alone", {})
    expect(await judge(good, "alone")).to.equal("integrity")
  })
})

function flipped(bytes: Uint8Array, at: number): Buffer {
  const altered = Buffer.from(bytes)
  altered[at] = (altered[at] ?? 0) ^ 1
  return altered
}
