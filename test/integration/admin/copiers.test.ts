import { expect } from "chai"
import { createHash, randomBytes } from "node:crypto"
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { sha256 } from "../../../shared/protocol/hash.js"
import { COPIES_AT_ONCE, type Copiers, openCopiers } from "../../../worker/admin/copiers.js"
import { code } from "../../contract/object-store.js"
import { mountSmallDisk } from "../../support/small-disk.js"

/** Files written by the calling thread, and by those beside it. */
const PLACES = {
  "by the calling thread": new URL("./nowhere.js", import.meta.url),
  "by threads of their own": new URL("./copier-thread.mjs", import.meta.url),
}

for (const [place, entry] of Object.entries(PLACES))
  describe(`a production's files, written ${place}`, function () {
    // A thread loads its modules first.
    this.timeout(90_000)
    let folder: string
    let copiers: Copiers

    before(async () => {
      folder = await mkdtemp(join(tmpdir(), "taciturn-test-copiers-"))
      copiers = openCopiers(entry)
    })
    after(async () => {
      await copiers.close()
      await rm(folder, { recursive: true, force: true })
    })

    const hashed = (bytes: Uint8Array): object => ({
      sha512: new Uint8Array(createHash("sha512").update(bytes).digest()),
      sizeBytes: bytes.length,
    })
    const plain = (found: { readonly sha512: Uint8Array; readonly sizeBytes: number } | null): object | null =>
      found === null ? null : { sha512: new Uint8Array(found.sha512), sizeBytes: found.sizeBytes }
    async function* inParts(bytes: Uint8Array, partBytes: number): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < bytes.length; at += partBytes) {
        await Promise.resolve()
        yield bytes.subarray(at, at + partBytes)
      }
    }

    it("are the bytes of what is copied, for their owner alone, with their hash", async () => {
      for (const sizeBytes of [0, 1, 65_536, 1 << 20, 3_000_001, 3 << 20]) {
        const [from, to] = [join(folder, "from"), join(folder, "copies", String(sizeBytes))]
        const bytes = randomBytes(sizeBytes)
        await writeFile(from, bytes)
        expect(plain(await copiers.copy(from, to))).to.deep.equal(hashed(bytes))
        expect((await readFile(to)).equals(bytes)).to.equal(true)
        expect((await stat(to)).mode & 0o777).to.equal(0o600)
      }
    })

    it("replace what an earlier try left half-way", async () => {
      const [from, to] = [join(folder, "from"), join(folder, "left")]
      await writeFile(to, randomBytes(200_000))
      await writeFile(from, "short")
      await copiers.copy(from, to)
      expect(await readFile(to, "utf8")).to.equal("short")
    })

    it("are none where there is nothing to copy", async () => {
      expect(await copiers.copy(join(folder, "nothing"), join(folder, "none"))).to.equal(null)
      expect(await stat(join(folder, "none")).catch(() => null)).to.equal(null)
    })

    it("are the bytes that are handed over, many at once, in parts of any size", async () => {
      const files = Array.from({ length: 3 * COPIES_AT_ONCE }, (_, index) => ({
        to: join(folder, "written", String(index)),
        bytes: randomBytes(index * 40_000),
        partBytes: 1 + index * 7_919,
      }))
      const found = await Promise.all(
        files.map(async ({ to, bytes, partBytes }) => await copiers.write(to, inParts(bytes, partBytes))),
      )
      for (const [index, { to, bytes }] of files.entries()) {
        expect(plain(found[index] ?? null)).to.deep.equal(hashed(bytes))
        expect((await readFile(to)).equals(bytes), to).to.equal(true)
      }
    })

    it("fail with what the bytes that are handed over fail with, and others go on", async () => {
      const failure = new Error("broken off")
      const broken = (async function* () {
        yield await Promise.resolve(randomBytes(600_000))
        throw failure
      })()
      const bytes = randomBytes(1_000_000)
      const [failed, written] = await Promise.all([
        copiers.write(join(folder, "broken"), broken).catch((error: unknown) => error),
        copiers.write(join(folder, "beside"), inParts(bytes, 10_000)),
      ])
      expect(failed).to.equal(failure)
      expect(plain(written)).to.deep.equal(hashed(bytes))
    })

    it("that were written before are taken only with the very bytes that are known", async () => {
      const [path, bytes] = [join(folder, "before"), randomBytes(300_000)]
      await writeFile(path, bytes)
      const known = { sha256: sha256(bytes), sizeBytes: bytes.length }
      expect(plain(await copiers.hash(path, known))).to.deep.equal(hashed(bytes))
      expect(await copiers.hash(join(folder, "nothing"), known)).to.equal(null)
      expect(await copiers.hash(path, { ...known, sizeBytes: 299_999 })).to.equal(null)
      expect(await copiers.hash(path, { ...known, sha256: sha256(randomBytes(1)) })).to.equal(null)
      expect(await copiers.hash(folder, known)).to.equal(null)
    })

    it("say what can't be read or written, as what it is", async () => {
      const from = join(folder, "from")
      await writeFile(from, "bytes")
      await mkdir(join(folder, "way"), { recursive: true })
      expect(await code(copiers.copy(from, join(folder, "way")))).to.equal("unavailable")
      expect(await code(copiers.copy(join(folder, "way"), join(folder, "to")))).to.equal("unavailable")
      expect(await code(copiers.write(join(folder, "way"), inParts(randomBytes(900_000), 1_000)))).to.equal(
        "unavailable",
      )
    })

    it("say where the disk is full", async function () {
      const small = join(folder, "small")
      const disk = await mountSmallDisk(small, 1)
      if (disk === null) return this.skip()
      try {
        const [from, bytes] = [join(folder, "from"), randomBytes(2 * 1024 * 1024)]
        await writeFile(from, bytes)
        expect(await code(copiers.copy(from, join(small, "copy")))).to.equal("out-of-space")
        expect(await code(copiers.write(join(small, "written"), inParts(bytes, 9_999)))).to.equal("out-of-space")
      } finally {
        disk.unmount()
      }
    })
  })

describe("a production's files whose thread ends", () => {
  it("fail, and can be tried again", async () => {
    const folder = await mkdtemp(join(tmpdir(), "taciturn-test-copiers-"))
    const copiers = openCopiers(new URL("./copier-thread-that-ends.mjs", import.meta.url))
    const endless = (async function* () {
      for (;;) yield await Promise.resolve(new Uint8Array(1 << 20))
    })()
    expect(await code(copiers.write(join(folder, "written"), endless))).to.equal("unavailable")
    expect(await code(copiers.copy(join(folder, "from"), join(folder, "to")))).to.equal("unavailable")
    await copiers.close()
    await rm(folder, { recursive: true, force: true })
  })
})
