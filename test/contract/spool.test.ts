import { expect } from "chai"
import { randomBytes } from "node:crypto"
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Spool } from "../../shared/server/ports.js"
import { openFolderSpool } from "../../shared/server/spool/folder.js"
import { code } from "./object-store.js"

describe("a spool in a folder", () => {
  let folder: string
  let spool: Spool

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "taciturn-test-spool-"))
    spool = await openFolderSpool(join(folder, "spool"))
  })
  after(() => rm(folder, { recursive: true, force: true }))

  const newName = (): string => `${randomBytes(16).toString("hex")}-1-${randomBytes(8).toString("hex")}`

  it("holds the blocks one after another, for its owner alone", async () => {
    const name = newName()
    const blocks = [randomBytes(1), randomBytes(65_536), Buffer.alloc(0), randomBytes(3_000_000)]
    const file = await spool.create(name)
    await file.write(...blocks)
    await file.write(Buffer.from("end"))
    await file.commit()
    const whole = Buffer.concat([...blocks, Buffer.from("end")])
    expect((await readFile(spool.pathOf(name))).equals(whole)).to.equal(true)
    expect((await stat(spool.pathOf(name))).mode & 0o777).to.equal(0o600)
    const [listed] = (await spool.list()).filter((entry) => entry.name === name)
    expect(listed?.sizeBytes).to.equal(whole.length)
    expect(Math.abs((listed?.changedAtMs ?? 0) - Date.now())).to.be.lessThan(60_000)
  })

  it("leaves nothing of what was discarded", async () => {
    const name = newName()
    const file = await spool.create(name)
    await file.write(randomBytes(100))
    await file.discard()
    expect((await spool.list()).map((entry) => entry.name)).to.not.include(name)
  })

  it("never writes into a file that is there", async () => {
    const name = newName()
    const file = await spool.create(name)
    await file.write(Buffer.from("first"))
    await file.commit()
    expect(await code(spool.create(name))).to.equal("unavailable")
    expect(await readFile(spool.pathOf(name), "utf8")).to.equal("first")
  })

  it("removes what is there, and is content where nothing is", async () => {
    const name = newName()
    await (await spool.create(name)).commit()
    await spool.remove(name)
    await spool.remove(name)
    expect(await readdir(join(folder, "spool"))).to.not.include(name)
  })

  it("refuses names that lead elsewhere", async () => {
    for (const name of ["../x", "x/y", "", ".", "..", "X", "a b"]) {
      expect(() => spool.pathOf(name), name).to.throw("form")
      expect(await code(spool.create(name)), name).to.equal("internal")
    }
  })

  it("knows how much room is left", async () => {
    expect(await spool.freeBytes()).to.be.greaterThan(1_000_000)
  })

  it("says that it can't be used where its folder went away, and works when it is back", async () => {
    const path = join(folder, "other")
    const other = await openFolderSpool(path)
    await rm(path, { recursive: true })
    expect(await code(other.create(newName()))).to.equal("unavailable")
    expect(await code(other.list())).to.equal("unavailable")
    expect(await code(other.freeBytes())).to.equal("unavailable")
    await openFolderSpool(path)
    await (await other.create(newName())).commit()
  })
})
