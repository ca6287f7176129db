import { expect } from "chai"
import { randomBytes } from "node:crypto"
import { mkdtemp, readdir, rename, rm, stat, utimes, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { openFolderStore } from "../../shared/server/objects/folder.js"
import type { ObjectStore } from "../../shared/server/ports.js"
import { mountSmallDisk } from "../support/small-disk.js"
import { bytesSource, code, filesSource, newKey, objectStoreContract, readAll } from "./object-store.js"

describe("objects in a folder", () => {
  let folder: string
  let store: ObjectStore

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "taciturn-test-folder-"))
    store = await openFolderStore(join(folder, "objects"))
  })
  after(async () => {
    await store.close()
    await rm(folder, { recursive: true, force: true })
  })

  objectStoreContract(() => store, { manyKeys: 300 })

  it("moves a spooled file instead of copying it", async () => {
    const [path, bytes] = [join(folder, "piece"), randomBytes(10)]
    await writeFile(path, bytes)
    const { ino } = await stat(path)
    const key = newKey()
    await store.put(key, filesSource([path], bytes, true))
    expect((await stat(join(folder, "objects", key))).ino).to.equal(ino)
    expect(await stat(path).catch(() => null)).to.equal(null)
  })

  it("failed and not persisted: the file system refuses, nothing is there, and the next try succeeds", async () => {
    const [key, bytes] = [newKey(), randomBytes(10)]
    const asset = join(folder, "objects", key.split("/").slice(0, 2).join("/"))
    await writeFile(asset, "in the way")
    expect(await code(store.put(key, bytesSource(bytes)))).to.equal("unavailable")
    await rm(asset)
    expect(await store.head(key)).to.equal(null)
    await store.put(key, bytesSource(bytes))
    expect((await readAll(await store.get(key))).equals(bytes)).to.equal(true)
  })

  it("failed but persisted: a file that was moved by a run which never heard of it counts as put", async () => {
    const [path, bytes, key] = [join(folder, "piece"), randomBytes(10), newKey()]
    await store.put(key, bytesSource(bytes))
    await store.put(key, filesSource([path], bytes, true))
    expect((await readAll(await store.get(key))).equals(bytes)).to.equal(true)
    expect(await code(store.put(key, filesSource([path], randomBytes(11), true)))).to.equal("not-found")
  })

  it("removes what a killed process left half-written long ago, and nothing younger", async () => {
    const temporary = join(folder, "objects", ".tmp")
    await writeFile(join(temporary, "old"), "half")
    await writeFile(join(temporary, "young"), "half")
    const longAgo = new Date(Date.now() - 2 * 3_600_000)
    await utimes(join(temporary, "old"), longAgo, longAgo)
    await (await openFolderStore(join(folder, "objects"))).close()
    expect(await readdir(temporary)).to.deep.equal(["young"])
    await rm(join(temporary, "young"))
  })

  it("is not ready where its folder went away", async () => {
    const other = await openFolderStore(join(folder, "other"))
    await other.ready()
    await rm(join(folder, "other"), { recursive: true })
    expect(await code(other.ready())).to.equal("unavailable")
  })

  it("never makes its own folder again where that went away: its disk may have", async () => {
    const path = join(folder, "gone")
    const gone = await openFolderStore(path)
    await rename(path, `${path}.away`)
    const [key, bytes] = [newKey(), randomBytes(10)]
    expect(await code(gone.put(key, bytesSource(bytes)))).to.equal("unavailable")
    expect(await readdir(folder)).to.not.include("gone")
    await rename(`${path}.away`, path)
    await gone.put(key, bytesSource(bytes))
    expect((await gone.head(key))?.sizeBytes).to.equal(10)
  })

  it("says where the disk is full, keeps nothing of it, and goes on when there is room", async function () {
    const small = join(folder, "small")
    const disk = await mountSmallDisk(small, 1)
    if (disk === null) return this.skip()
    try {
      const tiny = await openFolderStore(small)
      const key = newKey()
      expect(await code(tiny.put(key, bytesSource(randomBytes(2 * 1024 * 1024))))).to.equal("out-of-space")
      expect(await tiny.head(key)).to.equal(null)
      expect(await readdir(join(small, ".tmp"))).to.deep.equal([])
      await tiny.put(key, bytesSource(randomBytes(1_000)))
      expect(await tiny.head(key)).to.deep.equal({ sizeBytes: 1_000 })
    } finally {
      disk.unmount()
    }
  })
})
