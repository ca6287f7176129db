import { expect } from "chai"
import { randomBytes } from "node:crypto"
import { setTimeout as delay } from "node:timers/promises"
import { jobKey } from "../../shared/server/jobs/job-key.js"
import type { Job, JobQueue } from "../../shared/server/ports.js"

/** What every {@link JobQueue} keeps to. It may lose a job, and run one twice; so nothing here counts on more. */
export function jobQueueContract(open: () => JobQueue): void {
  it("hands over each job with its ids", async () => {
    const queue = open()
    const jobs: Job[] = [newJob(0), newJob(7), { name: "finish-asset", asset: newAsset() }]
    const seen = new Map<string, Job>()
    queue.work(collect(seen), { concurrency: 2 })
    for (const job of jobs) await queue.enqueue(job)
    await until(() => seen.size === jobs.length)
    for (const job of jobs) expect(seen.get(jobKey(job))).to.deep.equal(job)
    await queue.close()
  })

  it("keeps jobs until somebody works", async () => {
    const queue = open()
    const jobs = Array.from({ length: 20 }, (_, n) => newJob(n))
    await Promise.all(jobs.map((job) => queue.enqueue(job)))
    const seen = new Map<string, Job>()
    queue.work(collect(seen), { concurrency: 4 })
    await until(() => seen.size === jobs.length)
    await queue.close()
  })

  it("never waits for a job when it takes it, and never runs more at once than it may", async () => {
    const queue = open()
    let [running, most, ended] = [0, 0, 0]
    const work = async (): Promise<void> => {
      most = Math.max(most, ++running)
      await delay(60)
      running -= 1
      ended += 1
    }
    queue.work(work, { concurrency: 3 })
    const started = performance.now()
    for (let n = 0; n < 9; n++) await queue.enqueue(newJob(n))
    expect(performance.now() - started).to.be.lessThan(1_500)
    await until(() => ended >= 9)
    expect(most).to.equal(3)
    await queue.close()
  })

  it("takes a job again once it ran, also one that failed", async () => {
    const queue = open()
    const job = newJob(1)
    let runs = 0
    const work = (): Promise<void> => {
      runs += 1
      return runs === 1 ? Promise.reject(new Error("the first run fails")) : Promise.resolve()
    }
    queue.work(work, { concurrency: 1 })
    for (const expected of [1, 2, 3]) {
      // A nudge while the job is still being put away may be lost: nudged again, as the reconciler does.
      await until(async () => {
        if (runs < expected) await queue.enqueue(job)
        return runs >= expected
      })
    }
    await queue.close()
  })

  it("goes on with others where one fails", async () => {
    const queue = open()
    const jobs = Array.from({ length: 10 }, (_, n) => newJob(n))
    const seen = new Map<string, Job>()
    const work = async (job: Job): Promise<void> => {
      await collect(seen)(job)
      if (job.name === "store-chunk" && job.chunk % 2 === 0) throw new Error("even ones fail")
    }
    queue.work(work, { concurrency: 2 })
    for (const job of jobs) await queue.enqueue(job)
    await until(() => seen.size === jobs.length)
    await queue.close()
  })

  it("waits, when it is closed, for what runs, and begins nothing more", async () => {
    const queue = open()
    let [begun, ended] = [0, 0]
    const work = async (): Promise<void> => {
      begun += 1
      await delay(300)
      ended += 1
    }
    queue.work(work, { concurrency: 2 })
    for (let n = 0; n < 6; n++) await queue.enqueue(newJob(n))
    await until(() => begun === 2)
    await queue.close()
    expect([begun, ended]).to.deep.equal([2, 2])
    await delay(400)
    expect(begun).to.equal(2)
  })
}

export function newJob(chunk: number): Job {
  return { name: "store-chunk", asset: newAsset(), chunk }
}

export function collect(seen: Map<string, Job>): (job: Job) => Promise<void> {
  return (job) => {
    seen.set(jobKey(job), job)
    return Promise.resolve()
  }
}

export async function until(check: () => boolean | Promise<boolean>, timeoutMs = 15_000): Promise<void> {
  const deadline = performance.now() + timeoutMs
  while (!(await check())) {
    if (performance.now() > deadline) throw new Error("it never came to be")
    await delay(20)
  }
}

function newAsset(): string {
  return randomBytes(16).toString("hex")
}
