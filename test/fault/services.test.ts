import { once } from "node:events"
import { mkdir, rename, rm, writeFile } from "node:fs/promises"
import { connect } from "node:net"
import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import { expect } from "chai"
import { TEST_RUN } from "../support/config.js"
import type { Installation } from "../support/installation.js"
import { mountSmallDisk } from "../support/small-disk.js"
import { eventually, expectDone, openScene, type Scene, underWay } from "./support.js"

const FILE_BYTES = 44_000_000
/** More than may wait to be stored at once. */
const LARGE_BYTES = 84_000_000
const OUTAGE_MS = 1_500
const MIB = 1024 * 1024

for (const store of ["folder", "s3"] as const) {
  describe(`an upload to ${store === "s3" ? "an S3 store" : "a folder"}`, function () {
    this.timeout(60_000)
    let scene: Scene

    before(async () => {
      scene = await openScene(store)
    })
    after(() => scene.close())

    /** Uploads a file of `sizeBytes`; `fault` runs while it does, and then `mend`, also where the fault was not as expected. */
    async function uploadDuring(
      sizeBytes: number,
      fault: (installation: Installation) => Promise<void>,
      mend: (installation: Installation) => void | Promise<void> = () => undefined,
    ): Promise<void> {
      const { installation, terminals } = scene
      const file = await scene.newFile(sizeBytes)
      const args = ["upload", scene.meeting, file, "--as-is"]
      const uploading = terminals.start("alice", args)
      try {
        await fault(installation)
      } catch (error) {
        uploading.kill("SIGKILL")
        throw error
      } finally {
        await mend(installation)
      }
      await expectDone(terminals, uploading, args)
      await scene.expectPublished(file)
      await scene.expectNoOrphan()
    }

    // The store has no part in this: one is enough, and a full run takes both.
    const takesDatabaseAway = store === "folder" || TEST_RUN.isFull ? it : null
    takesDatabaseAway?.(
      "goes on while the database is away, which the API says with 503 and when to come again",
      async () => {
        const { account } = await scene.terminals.succeed("alice", ["whoami"])
        await uploadDuring(
          FILE_BYTES,
          async ({ database, url }) => {
            await underWay(scene.installation)
            database.cut()
            const answer = await fetch(`${url}/v1/accounts/${account as string}/chain`)
            expect([answer.status, Number(answer.headers.get("retry-after"))]).to.deep.equal([503, 2])
            expect(await answer.json()).to.include({ code: "unavailable", retryable: true })
            expect((await fetch(`${url}/readyz`)).status).to.equal(503)
            await delay(OUTAGE_MS)
          },
          restoreAll,
        )
      },
    )

    if (store === "folder") {
      it("loses nothing when Redis forgets every job", async () => {
        await scene.installation.stop("worker")
        await uploadDuring(FILE_BYTES, async (installation) => {
          await scene.waitForPieces()
          // Behind it the API may have given Redis jobs of later pieces already.
          expect(await askRedis(installation, "DBSIZE")).to.match(/^:[1-9]/)
          expect(await askRedis(installation, "FLUSHALL")).to.equal("+OK")
          await installation.start("worker")
        })
      })

      it("goes on while Redis is away, and when it is back", async () => {
        await uploadDuring(
          FILE_BYTES,
          async ({ redis: relay }) => {
            await underWay(scene.installation)
            relay.cut()
            await delay(OUTAGE_MS)
          },
          restoreAll,
        )
        scene.installation.redis.cut()
        try {
          await uploadDuring(MIB, () => Promise.resolve())
        } finally {
          restoreAll(scene.installation)
        }
      })

      it("waits while the store can't be written, and goes on when it can", async () => {
        const objects = join(scene.installation.data, "objects")
        await uploadDuring(
          FILE_BYTES,
          async () => {
            await underWay(scene.installation)
            await rename(objects, `${objects}.away`)
            await writeFile(objects, "no folder")
            await delay(OUTAGE_MS)
          },
          async () => {
            await rm(objects)
            await rename(`${objects}.away`, objects)
          },
        )
        expect(await scene.installation.log("worker")).to.contain("a job failed; the reconciler will bring it again")
      })

      it("waits while the disk is full, and goes on when there is room", async function () {
        const { installation } = scene
        const small = join(installation.folder, "small")
        const disk = await mountSmallDisk(small, 80)
        if (disk === null) return this.skip()
        const spool = join(small, "spool")
        await mkdir(spool)
        const environment = { SPOOL_DIR: spool, RESERVE_BYTES: "0" }
        try {
          for (const role of ["api", "worker"] as const) {
            await installation.stop(role)
            await installation.start(role, environment)
          }
          await writeFile(join(small, "ballast"), new Uint8Array(70 * MIB))
          await uploadDuring(FILE_BYTES, async () => {
            await eventually("the API says that the disk is full", async () => {
              expect(await installation.log("api")).to.match(/"status":507/)
            })
            await rm(join(small, "ballast"))
          })
        } finally {
          for (const role of ["api", "worker"] as const) {
            await installation.stop(role)
            await installation.start(role)
          }
          disk.unmount()
        }
      })
    } else {
      it("waits while the store is away, before too much waits, and so does a download", async () => {
        const { installation, terminals } = scene
        const early = await scene.newFile(20 * MIB)
        const { recording } = await terminals.succeed("alice", ["upload", scene.meeting, early, "--as-is"])
        const relay = installation.store
        if (relay === null) throw new Error("no store of its own")
        await uploadDuring(
          LARGE_BYTES,
          async () => {
            const since = (await installation.log("api")).length
            const answers = async (): Promise<string> => (await installation.log("api")).slice(since)
            relay.cut()
            const downloading = terminals.start("alice", ["download", recording, "-o", "waited.bin"])
            await eventually("the API says that it can't take more", async () => {
              expect(await answers()).to.match(/"method":"PATCH"[^\n]*"status":503/)
            })
            const [waiting] = await installation.catalog.query<{ bytes: number }>(
              "SELECT sum(size_bytes) AS bytes FROM pieces",
              [],
            )
            expect(Number(waiting?.bytes)).to.be.within(48 * MIB, 64 * MIB)
            await eventually("the API says that it can't read", async () => {
              expect(await answers()).to.match(/"method":"GET"[^\n]*\/stream"[^\n]*"status":503/)
            })
            restoreAll(installation)
            await expectDone(terminals, downloading, ["download", recording, "-o", "waited.bin"])
            expect((await terminals.read("waited.bin")).equals(await terminals.read(early))).to.equal(true)
          },
          restoreAll,
        )
      })
    }
  })
}

function restoreAll({ database, redis, store }: Installation): void {
  for (const relay of [database, redis, store]) relay?.mend()
}

/** One command, without arguments, straight to Redis. */
async function askRedis({ redisUrl }: Installation, command: string): Promise<string> {
  const socket = connect(Number(new URL(redisUrl).port), "127.0.0.1")
  await once(socket, "connect")
  socket.write(`${command}\r\n`)
  const [answer] = (await once(socket, "data")) as [Buffer]
  socket.destroy()
  return answer.toString().trim()
}
