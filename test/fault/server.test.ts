import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { expect } from "chai"
import { UPLOAD_FAILPOINTS } from "../../api/uploads/failpoints.js"
import { WORKER_FAILPOINTS } from "../../worker/failpoints.js"
import { isAlive } from "../support/service-process.js"
import { sampleOf } from "../support/sample.js"
import { EMBEDDED, eventually, expectDone, openScene, type Scene } from "./support.js"

/** Two chunks, the second with a piece of its own, and a short segment. */
const FILE_BYTES = 12_000_000
/** Nothing in an upload that goes well cancels it. */
const API_KILLS = sampleOf(
  "api kills",
  UPLOAD_FAILPOINTS.filter((name) => !name.startsWith("upload.cancel.")),
  1,
)
const isExpiry = (name: string): boolean => name.startsWith("worker.expiry.") && name !== "worker.expiry.after-cancel"
/** What an upload that goes well comes by. */
const WORKER_KILLS = sampleOf(
  "worker kills",
  WORKER_FAILPOINTS.filter((name) => !isExpiry(name) && !/^worker\.(?:purge|held|pack)\./.test(name)),
  1,
)
const PACK_KILLS = sampleOf(
  "pack kills",
  ["worker.pack.after-begin", "worker.pack.after-put", "worker.pack.after-finish"],
  1,
)
const EXPIRY_KILLS = sampleOf("expiry kills", WORKER_FAILPOINTS.filter(isExpiry), 1)

describe("the API, killed at", function () {
  this.timeout(120_000)
  let scene: Scene

  before(async () => {
    scene = await openScene()
  })
  after(() => scene.close())

  for (const failpoint of API_KILLS) {
    it(`${failpoint}: the upload goes on when it is back`, async () => {
      const { installation, terminals } = scene
      const file = await scene.newFile(FILE_BYTES)
      const args = ["upload", scene.meeting, file, "--as-is"]
      await installation.stop("api")
      await installation.start("api", installation.armed(failpoint))
      const uploading = terminals.start("alice", args)
      expect(await installation.died("api")).to.deep.equal([failpoint])
      await installation.start("api")
      await expectDone(terminals, uploading, args)
      await scene.expectPublished(file)
    })
  }

  it("any of them: nothing is left but what was published", async () => {
    await scene.expectNoOrphan()
  })
})

describe("the worker, killed at", function () {
  this.timeout(120_000)
  let scene: Scene

  before(async () => {
    scene = await openScene()
  })
  after(() => scene.close())

  for (const failpoint of WORKER_KILLS) {
    it(`${failpoint}: the upload gets its receipt when it is back`, async () => {
      const { installation, terminals } = scene
      const file = await scene.newFile(FILE_BYTES)
      const args = ["upload", scene.meeting, file, "--as-is"]
      await installation.stop("worker")
      const uploading = terminals.start("alice", args)
      await scene.waitForPieces()
      // However soon all pieces are stored, there is something to remove.
      await scene.leaveOrphan()
      await installation.start("worker", installation.armed(failpoint))
      expect(await installation.died("worker")).to.deep.equal([failpoint])
      await installation.start("worker")
      await expectDone(terminals, uploading, args)
      await scene.expectPublished(file)
    })
  }

  for (const failpoint of EXPIRY_KILLS) {
    it(`${failpoint}: an abandoned upload is removed when it is back, and begins anew when called again`, async () => {
      const { installation, terminals } = scene
      const file = await scene.newFile(FILE_BYTES)
      const args = ["upload", scene.meeting, file, "--as-is"]
      const killed = await terminals.run("alice", args, installation.armed("upload.piece-acknowledged"))
      expect([killed.exitCode, await installation.hits()]).to.deep.equal([null, ["upload.piece-acknowledged"]])
      await installation.stop("worker")
      await installation.start("worker", { ...installation.armed(failpoint), UPLOAD_EXPIRY_HOURS: "0" })
      expect(await installation.died("worker")).to.deep.equal([failpoint])
      await installation.start("worker")
      await terminals.succeed("alice", args)
      await scene.expectPublished(file)
    })
  }

  for (const failpoint of PACK_KILLS) {
    it(`${failpoint}: old messages are packed when it is back, and read as before`, async () => {
      const { installation, terminals, meeting } = scene
      const text = "An old message. ".repeat(1_000)
      for (let message = 0; message < 2; message++) await terminals.succeed("alice", ["chat", "send", meeting, text])
      const before = await terminals.succeed("alice", ["chat", "list", meeting])
      await installation.stop("worker")
      await installation.start("worker", { ...installation.armed(failpoint), PACK_AFTER_DAYS: "0" })
      expect(await installation.died("worker")).to.deep.equal([failpoint])
      expect(await terminals.succeed("alice", ["chat", "list", meeting])).to.deep.equal(before)
      await installation.start("worker", { PACK_AFTER_DAYS: "0" })
      await eventually("all messages are packed", async () => {
        const whole = await installation.catalog.query("SELECT 1 FROM messages WHERE message IS NOT NULL", [])
        expect(whole).to.deep.equal([])
      })
      expect(await terminals.succeed("alice", ["chat", "list", meeting])).to.deep.equal(before)
    })
  }

  it("any of them: nothing is left but what was published", async () => {
    await scene.expectNoOrphan()
  })
})

describe("the service in one process, killed at", function () {
  this.timeout(120_000)
  let scene: Scene

  before(async () => {
    scene = await openScene("embedded")
  })
  after(() => scene.close())

  const postmaster = async (): Promise<number> => {
    const path = join(scene.installation.data, "postgres", "cluster", "postmaster.pid")
    return Number((await readFile(path, "utf8")).split("\n")[0])
  }

  for (const failpoint of ["upload.piece.after-commit", "worker.chunk.after-put"]) {
    it(`${failpoint}: takes its database over when it is back, and the upload goes on`, async () => {
      const { installation, terminals } = scene
      const file = await scene.newFile(FILE_BYTES)
      const args = ["upload", scene.meeting, file, "--as-is"]
      await installation.stop("service")
      await installation.start("service", { ...EMBEDDED, ...installation.armed(failpoint) })
      const uploading = terminals.start("alice", args)
      expect(await installation.died("service")).to.deep.equal([failpoint])
      const left = await postmaster()
      expect(isAlive(left), "the database outlives it").to.equal(true)
      await installation.start("service", EMBEDDED)
      expect(await postmaster()).to.equal(left)
      await expectDone(terminals, uploading, args)
      await scene.expectPublished(file)
    })
  }

  it("either: ends its database when it is told to end", async () => {
    const pid = await postmaster()
    await scene.installation.stop("service")
    expect(isAlive(pid)).to.equal(false)
  })
})
