import Queue from "bull"
import { expect } from "chai"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import { type Closers, type RedisService, startRedis } from "../../scripts/services.js"
import { openBullQueue } from "../../shared/server/jobs/bull.js"
import { createInProcessQueue } from "../../shared/server/jobs/in-process.js"
import { jobKey } from "../../shared/server/jobs/job-key.js"
import type { Job, JobQueue } from "../../shared/server/ports.js"
import { hasPrograms } from "../support/has-programs.js"
import { startTcpRelay } from "../support/tcp-relay.js"
import { collect, jobQueueContract, newJob, until } from "./job-queue.js"
import { code } from "./object-store.js"

describe("jobs in process", () => {
  jobQueueContract(createInProcessQueue)

  it("holds a job that waits once", async () => {
    const queue = createInProcessQueue()
    const job = newJob(1)
    for (let times = 0; times < 5; times++) await queue.enqueue({ ...job })
    let runs = 0
    queue.work(
      () => {
        runs += 1
        return Promise.resolve()
      },
      { concurrency: 1 },
    )
    await delay(50)
    expect(runs).to.equal(1)
    await queue.close()
  })
})

describe("jobs by Bull on Redis", function () {
  this.timeout(60_000)
  const closers: Closers = []
  let redis: RedisService

  before(async function () {
    if (!hasPrograms("redis-server")) this.skip()
    const folder = await mkdtemp(join(tmpdir(), "taciturn-test-redis-"))
    closers.push(() => rm(folder, { recursive: true, force: true }))
    redis = await startRedis(folder, closers)
  })
  after(async () => {
    for (const close of closers.toReversed()) await close()
  })
  // What one test leaves behind is not the next one's.
  beforeEach(flush)

  async function flush(): Promise<void> {
    const raw = new Queue("taciturn", redis.url)
    await raw.client.flushall()
    await raw.close()
  }
  const open = (url = redis.url): JobQueue => openBullQueue(url, () => undefined)

  jobQueueContract(open)

  it("hands a job from the process that enqueues to the one that works", async () => {
    const [api, worker] = [open(), open()]
    const seen = new Map<string, Job>()
    worker.work(collect(seen), { concurrency: 2 })
    const jobs = Array.from({ length: 10 }, (_, n) => newJob(n))
    for (const job of jobs) await api.enqueue(job)
    await until(() => seen.size === jobs.length)
    await Promise.all([api.close(), worker.close()])
  })

  it("leaves nothing in Redis of a job that ran or failed", async () => {
    const queue = open()
    let runs = 0
    const work = (): Promise<void> => {
      runs += 1
      return runs % 2 === 0 ? Promise.reject(new Error("fails")) : Promise.resolve()
    }
    queue.work(work, { concurrency: 1 })
    for (let n = 0; n < 4; n++) await queue.enqueue(newJob(n))
    await until(() => runs === 4)
    await queue.close()
    const raw = new Queue("taciturn", redis.url)
    expect(await raw.getJobs(["waiting", "active", "completed", "failed", "delayed"])).to.deep.equal([])
    expect((await raw.client.keys("*store-chunk*")).filter((key) => !key.includes("lock"))).to.deep.equal([])
    await raw.close()
  })

  it("gives no handler a job of another form: Redis is no more trusted than a network", async () => {
    const queue = open()
    const raw = new Queue("taciturn", redis.url)
    for (const data of [null, {}, { name: "store-chunk", asset: "../x", chunk: 0 }, { name: "else" }])
      await raw.add("store-chunk", data)
    const seen = new Map<string, Job>()
    queue.work(collect(seen), { concurrency: 1 })
    const job = newJob(1)
    await queue.enqueue(job)
    await until(() => seen.has(jobKey(job)))
    expect(seen.size).to.equal(1)
    await Promise.all([raw.close(), queue.close()])
  })

  it("goes on after Redis lost everything", async () => {
    const queue = open()
    const seen = new Map<string, Job>()
    queue.work(collect(seen), { concurrency: 1 })
    await queue.enqueue(newJob(0))
    await until(() => seen.size === 1)
    await flush()
    const job = newJob(1)
    await until(async () => {
      await queue.enqueue(job)
      return seen.has(jobKey(job))
    })
    await queue.close()
  })

  it("failed and not persisted: says within seconds that Redis is away, and works when it is back", async () => {
    const relay = await startTcpRelay({ host: "127.0.0.1", port: redis.port })
    const queue = open(`redis://127.0.0.1:${relay.port}`)
    const seen = new Map<string, Job>()
    queue.work(collect(seen), { concurrency: 1 })
    await queue.enqueue(newJob(0))
    await until(() => seen.size === 1)
    relay.cut()
    const started = performance.now()
    expect(await code(queue.enqueue(newJob(1)))).to.equal("unavailable")
    expect(performance.now() - started).to.be.lessThan(4_000)
    relay.mend()
    const job = newJob(2)
    await until(async () => {
      await queue.enqueue(job).catch(() => undefined)
      return seen.has(jobKey(job))
    })
    await queue.close()
    await relay.stop()
  })

  it("failed but persisted: the answer never comes, and the job runs all the same", async () => {
    const relay = await startTcpRelay({ host: "127.0.0.1", port: redis.port })
    const [api, worker] = [open(`redis://127.0.0.1:${relay.port}`), open()]
    const seen = new Map<string, Job>()
    worker.work(collect(seen), { concurrency: 1 })
    await api.enqueue(newJob(0))
    relay.mute()
    const job = newJob(1)
    expect(await code(api.enqueue(job))).to.equal("unavailable")
    await until(() => seen.has(jobKey(job)))
    relay.mend()
    relay.cut()
    await Promise.all([api.close(), worker.close()])
    await relay.stop()
  })

  it("says so, and ends, where there never was a Redis", async () => {
    const queue = open("redis://127.0.0.1:1")
    expect(await code(queue.enqueue(newJob(0)))).to.equal("unavailable")
    await queue.close()
  })
})
