import { expect } from "chai"
import { execFile } from "node:child_process"
import { createHash } from "node:crypto"
import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import { isArchiveError } from "../../../shared/protocol/errors.js"
import { layOut, tarHeader } from "../../../worker/admin/tar-layout.js"
import { packVolumes, type Volume } from "../../../worker/admin/volumes.js"
import { verifyProduction } from "../../../worker/admin/verify.js"
import { produce, startWorld, type World } from "./support.js"

const run = promisify(execFile)
const VOLUME_BYTES = 1 << 20

describe("a production in volumes", function () {
  this.timeout(120_000)
  let world: World
  let folder: string

  before(async () => {
    world = await startWorld("large")
    await produce(world, "production")
    folder = join(world.folder, "production")
  })
  after(() => world.stop())

  const pack = async (name: string): Promise<readonly Volume[]> =>
    await packVolumes({
      folder,
      target: join(world.folder, name),
      volumeBytes: VOLUME_BYTES,
      onProgress: () => undefined,
    })
  const namesOf = async (name: string): Promise<readonly string[]> =>
    (await readdir(world.folder)).filter((file) => file.startsWith(`${name}.tar.`)).sort()

  it("is one tar, which tar itself unpacks to the production", async () => {
    // Larger than a volume, so that a file of it lies in two.
    const volumes = await pack("whole")
    expect(volumes.length).to.be.greaterThan(1)
    expect(await namesOf("whole")).to.deep.equal([...volumes.map(({ name }) => name), "whole.tar.sha512"])
    await run("sha512sum", ["--strict", "-c", "whole.tar.sha512"], { cwd: world.folder })
    await mkdir(join(world.folder, "unpacked"))
    await run("sh", ["-c", "cat ../whole.tar.[0-9]* | tar -x"], { cwd: join(world.folder, "unpacked") })
    const verified = await verifyProduction(join(world.folder, "unpacked/production"), {
      instanceKey: world.stack.instanceKey,
      onFile: () => undefined,
    })
    expect(verified.publishedAssets).to.equal(1)
    const { stdout } = await run("sh", ["-c", "cat whole.tar.[0-9]* | tar -t"], { cwd: world.folder })
    expect(stdout.split("\n")[0]).to.equal("production/bag-info.txt")
  })

  it("goes on after an interruption, with the very same bytes", async () => {
    const before = await pack("again")
    const last = before.at(-1)?.name ?? ""
    const times = await stat(join(world.folder, before[0]?.name ?? ""))
    await rm(join(world.folder, last))
    await rm(join(world.folder, "again.tar.sha512"))
    await writeFile(join(world.folder, `${last}.partial`), "half of it")
    expect(await pack("again")).to.deep.equal(before)
    expect((await stat(join(world.folder, before[0]?.name ?? ""))).mtimeMs).to.equal(times.mtimeMs)
    const bytes = await readFile(join(world.folder, last))
    expect(createHash("sha512").update(bytes).digest("hex")).to.equal(before.at(-1)?.sha512)
  })

  it("replaces no file of another, and is made of a production alone", async () => {
    const refusal = async (work: Promise<unknown>): Promise<string> => {
      const error: unknown = await work.catch((reason: unknown) => reason)
      return isArchiveError(error) ? error.code : "none"
    }
    await writeFile(join(world.folder, "taken.tar.001"), "something else")
    expect(await refusal(pack("taken"))).to.equal("exists")
    expect(await readFile(join(world.folder, "taken.tar.001"), "utf8")).to.equal("something else")
    const options = { target: join(world.folder, "none"), onProgress: () => undefined }
    expect(await refusal(packVolumes({ ...options, folder: world.folder, volumeBytes: VOLUME_BYTES }))).to.equal(
      "not-found",
    )
    expect(await refusal(packVolumes({ ...options, folder, volumeBytes: 1 }))).to.equal("usage")
  })

  it("has files larger than a ustar header can say, as GNU tar reads them", async () => {
    const sizeBytes = 3 * 8 ** 11
    const [entry] = layOut([{ path: "data/records.jsonl", sizeBytes }]).entries
    const header = tarHeader("production", entry!)
    await writeFile(join(world.folder, "large.tar"), header)
    const listed = await run("tar", ["-tvf", join(world.folder, "large.tar")]).catch(
      (error: unknown) => error as { readonly stdout: string },
    )
    expect(listed.stdout).to.contain(String(sizeBytes)).and.to.contain("production/data/records.jsonl")
  })
})
