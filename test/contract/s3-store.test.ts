import { expect } from "chai"
import { randomBytes } from "node:crypto"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type Closers, type GatewayService, startGateway } from "../../scripts/services.js"
import type { S3Settings } from "../../shared/server/config.js"
import { openS3Store } from "../../shared/server/objects/s3.js"
import type { ObjectStore } from "../../shared/server/ports.js"
import { startTcpRelay, type TcpRelay } from "../support/tcp-relay.js"
import { hasPrograms } from "../support/has-programs.js"
import { bytesSource, code, newKey, objectStoreContract, readAll } from "./object-store.js"

describe("objects in S3 (Ceph's gateway)", function () {
  this.timeout(120_000)
  const closers: Closers = []
  let gateway: GatewayService
  let store: ObjectStore

  before(async function () {
    if (!hasPrograms("radosgw", "ceph-osd", "ceph-mon")) this.skip()
    const folder = await mkdtemp(join(tmpdir(), "taciturn-test-s3-"))
    closers.push(() => rm(folder, { recursive: true, force: true }))
    gateway = await startGateway(folder, closers)
    store = openS3Store(settings())
    closers.push(() => store.close())
    await store.ready()
  })
  after(async () => {
    for (const close of closers.toReversed()) await close()
  })

  const settings = (changes: Partial<S3Settings> = {}): S3Settings => ({ ...gateway, region: "us-east-1", ...changes })

  /** The store through a relay, with short patience. */
  async function relayed(
    work: (store: ObjectStore, relay: TcpRelay) => Promise<void>,
    alter?: (bytes: Buffer) => Buffer,
  ): Promise<void> {
    const relay = await startTcpRelay({ host: "127.0.0.1", port: gateway.port }, alter)
    const through = openS3Store(settings({ endpoint: `http://127.0.0.1:${relay.port}` }), 500)
    try {
      await work(through, relay)
    } finally {
      await through.close()
      await relay.stop()
    }
  }

  objectStoreContract(() => store, { manyKeys: 1_050 })

  it("makes its bucket where there is none, also when two processes start at once", async () => {
    const bucket = `b${randomBytes(8).toString("hex")}`
    const stores = [1, 2, 3].map(() => openS3Store(settings({ bucket })))
    await Promise.all(stores.map((other) => other.ready()))
    await Promise.all(stores.map((other) => other.ready()))
    const [key, bytes] = [newKey(), randomBytes(5)]
    await stores[0]?.put(key, bytesSource(bytes))
    expect(await stores[1]?.head(key)).to.deep.equal({ sizeBytes: 5 })
    expect(await store.head(key)).to.equal(null)
    for (const other of stores) await other.close()
  })

  it("has the far end refuse bytes that changed on their way", async () => {
    let changed = 0
    await relayed(
      async (through) => {
        const key = newKey()
        expect(await code(through.put(key, bytesSource(randomBytes(200_000))))).to.equal("integrity")
        expect(changed).to.be.greaterThan(0)
        expect(await store.head(key)).to.equal(null)
      },
      (bytes) => {
        if (bytes.length < 8_192) return bytes
        changed += 1
        return Buffer.concat([bytes.subarray(0, -1), Buffer.of((bytes.at(-1) ?? 0) ^ 1)])
      },
    )
  })

  it("failed and not persisted: no connection comes through, nothing is there, and the next try succeeds", async () => {
    await relayed(async (through, relay) => {
      const [key, bytes] = [newKey(), randomBytes(100_000)]
      relay.cut()
      expect(await code(through.put(key, bytesSource(bytes)))).to.equal("unavailable")
      expect(await code(through.get(key))).to.equal("unavailable")
      expect(await code(through.head(key))).to.equal("unavailable")
      expect(await code(through.delete(key))).to.equal("unavailable")
      expect(await code(through.ready())).to.equal("unavailable")
      expect(await code(through.list("c/")[Symbol.asyncIterator]().next())).to.equal("unavailable")
      expect(await store.head(key)).to.equal(null)
      relay.mend()
      await through.put(key, bytesSource(bytes))
      expect((await readAll(await store.get(key))).equals(bytes)).to.equal(true)
    })
  })

  it("failed but persisted: the answer never comes, the object is there, and the next try succeeds", async () => {
    await relayed(async (through, relay) => {
      const [key, bytes] = [newKey(), randomBytes(100_000)]
      relay.mute()
      expect(await code(through.put(key, bytesSource(bytes)))).to.equal("unavailable")
      expect(await store.head(key)).to.deep.equal({ sizeBytes: 100_000 })
      relay.mend()
      await through.put(key, bytesSource(bytes))
      expect((await readAll(await store.get(key))).equals(bytes)).to.equal(true)
      relay.mute()
      expect(await code(through.delete(key))).to.equal("unavailable")
      expect(await store.head(key)).to.equal(null)
    })
  })

  it("gives up on a read that stands still", async () => {
    await relayed(async (through, relay) => {
      const [key, bytes] = [newKey(), randomBytes(8 * 1024 * 1024)]
      await store.put(key, bytesSource(bytes))
      const stream = await through.get(key)
      relay.mute()
      const outcome = await readAll(stream).then(
        (read) => read.length,
        () => "failed",
      )
      expect(outcome).to.equal("failed")
    })
  })

  it("is not served by a wrong secret", async () => {
    const stranger = openS3Store(settings({ secretAccessKey: "0".repeat(40) }))
    expect(await code(stranger.ready())).to.equal("unavailable")
    expect(await code(stranger.put(newKey(), bytesSource(Buffer.of(1))))).to.equal("unavailable")
    await stranger.close()
  })
})
