import { expect } from "chai"
import { createHash, randomBytes } from "node:crypto"
import { mkdir, mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { leafHash } from "../../shared/protocol/merkle.js"
import { SEGMENT_BYTES } from "../../shared/protocol/sizes.js"
import type { Spool } from "../../shared/server/ports.js"
import { openFolderSpool } from "../../shared/server/spool/folder.js"
import { createPieceThread } from "../../shared/server/spool/piece-thread.js"
import { code } from "./object-store.js"

/** Files written by the calling thread, and by one beside it. */
const PLACES = {
  "by the thread that receives": new URL("./nowhere.js", import.meta.url),
  "by a thread of its own": new URL("./piece-thread.mjs", import.meta.url),
}

for (const [place, entry] of Object.entries(PLACES))
  describe(`a spool in a folder, written ${place}`, function () {
    // A thread loads its modules first.
    this.timeout(90_000)
    const open = async (path: string): Promise<Spool> => await openFolderSpool(path, createPieceThread(path, entry))
    let folder: string
    let spool: Spool

    before(async () => {
      folder = await mkdtemp(join(tmpdir(), "taciturn-test-spool-"))
      spool = await open(join(folder, "spool"))
    })
    after(async () => {
      await spool.close()
      await rm(folder, { recursive: true, force: true })
    })

    const newName = (): string => `${randomBytes(16).toString("hex")}-1-${randomBytes(8).toString("hex")}`

    it("holds the packets one after another, for its owner alone, and says what they hash to", async () => {
      const name = newName()
      const packets = [randomBytes(1), randomBytes(65_536), Buffer.alloc(0), randomBytes(3_000_000), Buffer.from("end")]
      const whole = Buffer.concat(packets)
      const file = await spool.create(name)
      for (const packet of packets) await file.add(packet)
      const hashes = await file.commit()
      expect(hashes.sizeBytes).to.equal(whole.length)
      expect(hashes.sha256).to.deep.equal(new Uint8Array(createHash("sha256").update(whole).digest()))
      expect(hashes.leafHashes).to.deep.equal(new Uint8Array(leavesOf(whole)))
      expect((await readFile(spool.pathOf(name))).equals(whole)).to.equal(true)
      expect((await stat(spool.pathOf(name))).mode & 0o777).to.equal(0o600)
      const [listed] = (await spool.list()).filter((entry) => entry.name === name)
      expect(listed?.sizeBytes).to.equal(whole.length)
      expect(Math.abs((listed?.changedAtMs ?? 0) - Date.now())).to.be.lessThan(60_000)
    })

    it("leaves nothing of what was discarded", async () => {
      const name = newName()
      const file = await spool.create(name)
      for (let written = 0; written < 8_000_000; written += 100_000) await file.add(randomBytes(100_000))
      await file.discard()
      expect((await spool.list()).map((entry) => entry.name)).to.not.include(name)
    })

    it("never writes into a file that is there", async () => {
      const name = newName()
      const file = await spool.create(name)
      await file.add(Buffer.from("first"))
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
      const other = await open(path)
      await rm(path, { recursive: true })
      expect(await code(other.create(newName()))).to.equal("unavailable")
      expect(await code(other.list())).to.equal("unavailable")
      expect(await code(other.freeBytes())).to.equal("unavailable")
      await mkdir(path)
      await (await other.create(newName())).commit()
      await other.close()
    })

    it("makes the sender wait while much is not written yet, and loses none of it", async () => {
      const name = newName()
      const file = await spool.create(name)
      const packet = randomBytes(64 * 1024)
      let waits = 0
      for (let count = 0; count < 256; count++) {
        const busy = file.add(Buffer.from(packet))
        if (busy !== null) waits += 1
        await busy
      }
      expect((await file.commit()).sizeBytes).to.equal(256 * packet.length)
      expect((await stat(spool.pathOf(name))).size).to.equal(256 * packet.length)
      expect(waits).to.be.greaterThan(0)
    })
  })

describe("a spool whose thread ended", () => {
  it("says so to who is writing, leaves nothing of that, and goes on with another", async () => {
    const folder = await mkdtemp(join(tmpdir(), "taciturn-test-spool-"))
    try {
      const thread = createPieceThread(folder, PLACES["by a thread of its own"])
      const spool = await openFolderSpool(folder, thread)
      const file = await spool.create("cut-off")
      void file.add(randomBytes(300_000))
      await thread.close()
      expect(await code(file.commit())).to.equal("unavailable")
      await file.discard()
      expect(await spool.list()).to.deep.equal([])
      const next = await spool.create("next")
      void next.add(Buffer.from("next"))
      await next.commit()
      expect(await readFile(spool.pathOf("next"), "utf8")).to.equal("next")
      await spool.close()
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }).timeout(20_000)
})

function leavesOf(bytes: Uint8Array): Uint8Array {
  const leaves: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += SEGMENT_BYTES) leaves.push(leafHash(bytes.subarray(at, at + SEGMENT_BYTES)))
  return Buffer.concat(leaves)
}
