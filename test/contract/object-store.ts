import { expect } from "chai"
import { createHash, randomBytes } from "node:crypto"
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Readable } from "node:stream"
import { type ErrorCode, isArchiveError } from "../../shared/protocol/errors.js"
import type { ObjectSource, ObjectStore } from "../../shared/server/ports.js"

/** What every {@link ObjectStore} keeps to, whatever it is made of. */
export function objectStoreContract(open: () => ObjectStore, options: { readonly manyKeys: number }): void {
  let folder: string
  let store: ObjectStore

  before(async () => {
    store = open()
    folder = await mkdtemp(join(tmpdir(), "taciturn-test-objects-"))
  })
  after(() => rm(folder, { recursive: true, force: true }))

  const fileOf = async (bytes: Uint8Array): Promise<string> => {
    const path = join(folder, randomBytes(8).toString("hex"))
    await writeFile(path, bytes)
    return path
  }

  it("is ready", () => store.ready())

  for (const sizeBytes of [0, 1, 65_536, 8 * 1024 * 1024]) {
    it(`gives back the ${sizeBytes} bytes that were put`, async () => {
      const [key, bytes] = [newKey(), randomBytes(sizeBytes)]
      await store.put(key, bytesSource(bytes))
      expect(await store.head(key)).to.deep.equal({ sizeBytes })
      expect((await readAll(await store.get(key))).equals(bytes)).to.equal(true)
    })
  }

  it("puts files one after another, and leaves them where they are", async () => {
    const parts = [randomBytes(70_000), randomBytes(1), randomBytes(2 * 1024 * 1024)]
    const paths = await Promise.all(parts.map(fileOf))
    const [key, whole] = [newKey(), Buffer.concat(parts)]
    await store.put(key, filesSource(paths, whole, false))
    expect((await readAll(await store.get(key))).equals(whole)).to.equal(true)
    for (const path of paths) expect((await stat(path)).isFile()).to.equal(true)
  })

  it("puts a file that it may move, and again after it was moved or removed, with the same outcome", async () => {
    const bytes = randomBytes(100_000)
    const [key, path] = [newKey(), await fileOf(bytes)]
    await store.put(key, filesSource([path], bytes, true))
    const second = await code(store.put(key, filesSource([path], bytes, true)))
    expect(second).to.equal(null)
    expect((await readAll(await store.get(key))).equals(bytes)).to.equal(true)
  })

  it("takes the same object twice, also at once", async () => {
    const [key, bytes] = [newKey(), randomBytes(300_000)]
    await Promise.all([1, 2, 3, 4].map(() => store.put(key, bytesSource(bytes))))
    await store.put(key, bytesSource(bytes))
    expect((await readAll(await store.get(key))).equals(bytes)).to.equal(true)
    expect(await keysBelow(store, key)).to.deep.equal([key])
  })

  it("refuses bytes that have not the hash that was announced, and keeps none of them", async () => {
    const bytes = randomBytes(70_000)
    const other = randomBytes(70_000)
    const key = newKey()
    expect(await code(store.put(key, { ...bytesSource(bytes), sha256: sha256(other) }))).to.equal("integrity")
    const paths = [await fileOf(bytes), await fileOf(bytes)]
    expect(await code(store.put(key, filesSource(paths, other, false)))).to.equal("integrity")
    expect(await store.head(key)).to.equal(null)
    expect(await keysBelow(store, key)).to.deep.equal([])
  })

  it("says so where a file to put is not there, and keeps nothing", async () => {
    const key = newKey()
    const missing = filesSource([join(folder, "missing")], randomBytes(10), true)
    expect(await code(store.put(key, missing))).to.equal("not-found")
    expect(await store.head(key)).to.equal(null)
  })

  it("gives inclusive ranges", async () => {
    const [key, bytes] = [newKey(), randomBytes(500_000)]
    await store.put(key, bytesSource(bytes))
    for (const [start, end] of [
      [0, 0],
      [65_535, 65_536],
      [1, 499_998],
      [499_999, 499_999],
      [0, 499_999],
    ] as const)
      expect((await readAll(await store.get(key, { start, end }))).equals(bytes.subarray(start, end + 1))).to.equal(
        true,
      )
  })

  it("gives what there is of a range that ends behind the end, and of one that begins there nothing, or says so", async () => {
    const [key, bytes] = [newKey(), randomBytes(1_000)]
    await store.put(key, bytesSource(bytes))
    expect((await readAll(await store.get(key, { start: 900, end: 1_100 }))).equals(bytes.subarray(900))).to.equal(true)
    for (const start of [1_000, 5_000]) {
      const found = await store.get(key, { start, end: 6_000 }).then(
        async (stream) => (await readAll(stream)).length,
        (error: unknown) => isArchiveError(error) && error.code,
      )
      expect(found).to.be.oneOf([0, "truncated"])
    }
  })

  it("survives readers who leave in the middle", async () => {
    const [key, bytes] = [newKey(), randomBytes(4 * 1024 * 1024)]
    await store.put(key, bytesSource(bytes))
    for (let reader = 0; reader < 60; reader++) {
      const stream = await store.get(key)
      stream.on("error", () => undefined)
      if (reader % 2 === 0) await new Promise((resolve) => stream.once("data", resolve))
      stream.destroy()
    }
    expect((await readAll(await store.get(key))).equals(bytes)).to.equal(true)
  })

  it("knows nothing of what was never put, and deletes it gladly", async () => {
    const key = newKey()
    expect(await code(store.get(key))).to.equal("not-found")
    expect(await store.head(key)).to.equal(null)
    await store.delete(key)
  })

  it("forgets what was deleted, and takes it again", async () => {
    const [key, bytes] = [newKey(), randomBytes(10)]
    await store.put(key, bytesSource(bytes))
    await store.delete(key)
    await store.delete(key)
    expect(await code(store.get(key))).to.equal("not-found")
    expect(await keysBelow(store, key)).to.deep.equal([])
    await store.put(key, bytesSource(bytes))
    expect(await store.head(key)).to.deep.equal({ sizeBytes: 10 })
  })

  it(`lists by prefix, with sizes, also ${options.manyKeys} keys, and nothing half-written`, async () => {
    const prefix = `c/${randomBytes(16).toString("hex")}/`
    const keys = Array.from({ length: options.manyKeys }, (_, n) => `${prefix}${n}/${randomBytes(4).toString("hex")}`)
    const waiting = [...keys]
    const putAll = async (): Promise<void> => {
      for (let key = waiting.pop(); key !== undefined; key = waiting.pop())
        await store.put(key, bytesSource(Buffer.from("x")))
    }
    await Promise.all(Array.from({ length: 16 }, putAll))
    await store.put(`c/${"0".repeat(32)}/0/${randomBytes(4).toString("hex")}`, bytesSource(Buffer.from("other")))
    expect((await keysBelow(store, prefix)).sort()).to.deep.equal(keys.sort())
    for await (const { sizeBytes } of store.list(prefix)) expect(sizeBytes).to.equal(1)
    const all = await keysBelow(store, "c/")
    expect(all.length).to.be.greaterThan(keys.length)
    expect(all.every((key) => /^c\/[0-9a-f]{32}\//.test(key))).to.equal(true)
  })

  it("refuses keys of another form", async () => {
    for (const key of ["../x", "/x", "c//x", "c/./x", "c/..", "C/x", "c/x ", "", ".tmp/x"]) {
      expect(await code(store.get(key)), key).to.equal("internal")
      expect(await code(store.put(key, bytesSource(Buffer.of(1)))), key).to.equal("internal")
    }
  })
}

export function newKey(): string {
  return `c/${randomBytes(16).toString("hex")}/0/${randomBytes(32).toString("hex")}`
}

export function bytesSource(bytes: Uint8Array): ObjectSource {
  return { kind: "bytes", bytes, sha256: sha256(bytes) }
}

export function filesSource(paths: readonly string[], whole: Uint8Array, consume: boolean): ObjectSource {
  return { kind: "files", paths, sizeBytes: whole.length, sha256: sha256(whole), consume }
}

export async function readAll(stream: Readable): Promise<Buffer> {
  const blocks: Uint8Array[] = []
  for await (const block of stream as AsyncIterable<Uint8Array>) blocks.push(block)
  return Buffer.concat(blocks)
}

/** The code with which something fails; `null` where it does not. */
export async function code(work: Promise<unknown>): Promise<ErrorCode | null> {
  try {
    await work
    return null
  } catch (error) {
    if (isArchiveError(error)) return error.code
    throw error
  }
}

async function keysBelow(store: ObjectStore, prefix: string): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of store.list(prefix)) keys.push(key)
  return keys
}

function sha256(bytes: Uint8Array): Uint8Array {
  return createHash("sha256").update(bytes).digest()
}
