import { utimes } from "node:fs/promises"
import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import { expect } from "chai"
import { withLock } from "../../../client/sdk/node/lock.js"
import { temporaryFolder } from "../../support/programs.js"

const HELD_MS = 400

describe("the lock of a file, within one process", () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  before(async () => {
    folder = await temporaryFolder()
  })
  after(() => folder.remove())

  it("is not taken over by who waits, though the holder stood still for longer than it is fresh", async () => {
    const path = join(folder.path, "keystore")
    const order: string[] = []
    let begin = (): void => undefined
    const begun = new Promise<void>((resolve) => (begin = resolve))
    const first = withLock(
      path,
      async () => {
        // As if all of it had been asleep for hours.
        await utimes(`${path}.lock`, 0, 0)
        begin()
        await delay(HELD_MS)
        order.push("first")
      },
      { wait: true },
    )
    await begun
    const others = ["second", "third"].map(
      async (name) => await withLock(path, () => Promise.resolve(order.push(name)), { wait: true }),
    )
    await Promise.all([first, ...others])
    expect(order).to.deep.equal(["first", "second", "third"])
  })

  it("goes on behind what failed", async () => {
    const path = join(folder.path, "other")
    const failing = withLock(path, () => Promise.reject(new Error("no")), { wait: true }).catch(
      (error: unknown) => (error as Error).message,
    )
    const next = withLock(path, () => Promise.resolve("done"), { wait: true })
    expect(await Promise.all([failing, next])).to.deep.equal(["no", "done"])
  })
})
