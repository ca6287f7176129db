import { inspect } from "node:util"
import { TEST_RUN } from "../support/config.js"
import { type Service, startService } from "../support/sdk/clients.js"
import { compareWithModel } from "./meetings/compare.js"
import { Actor, type SentEvent } from "./meetings/people.js"
import { describeScript, makeScript, type Script, smallerScripts } from "./meetings/script.js"

/** Each takes about half a second of one core. */
const RUNS = TEST_RUN.isFull ? 1_000 : 8
/** So long is a smaller script looked for that fails too. */
const SHRINKING_MS = 60_000

describe(`${RUNS} meetings of 2 to 6 people, from TACITURN_TEST_SEED=${TEST_RUN.seed}`, function () {
  this.timeout(TEST_RUN.isFull ? 3_600_000 : 600_000)
  let service: Service

  before(async () => {
    service = await startService()
  })
  after(async () => {
    await service.stop()
  })

  it("whatever is sent at once, gets lost, comes late or twice: all end with one roster, and open what the model says", async () => {
    for (let run = 0; run < RUNS; run++) {
      const script = makeScript((TEST_RUN.seed + run) % 0x1_0000_0000)
      const failure = await failureOf(service, script)
      if (failure === null) continue
      const smallest = await shrink(service, { script, failure })
      throw new Error(
        `begin with TACITURN_TEST_SEED=${script.seed}\n${describeScript(script)}\n\nfails still as:\n${describeScript(smallest.script)}\n\n${inspect(smallest.failure)}`,
        { cause: smallest.failure },
      )
    }
  })
})

interface Failed {
  readonly script: Script
  readonly failure: unknown
}

/** Leaves out whatever the failure does not need. What hangs on the order in which two requests arrive may not fail again, and stays in. */
async function shrink(service: Service, first: Failed): Promise<Failed> {
  const endsAtMs = performance.now() + SHRINKING_MS
  let smallest = first
  for (let isDone = false; !isDone;) {
    isDone = true
    for (const script of smallerScripts(smallest.script)) {
      if (performance.now() > endsAtMs) return smallest
      const failure = await failureOf(service, script)
      if (failure === null) continue
      smallest = { script, failure }
      isDone = false
      break
    }
  }
  return smallest
}

/** `null` where everything is as the model says. */
async function failureOf(service: Service, script: Script): Promise<unknown> {
  try {
    await live(service, script)
    return null
  } catch (error) {
    return error
  }
}

async function live({ url, catalog }: Service, script: Script): Promise<void> {
  const sent = new Map<string, SentEvent>()
  const people = await Promise.all(
    Array.from({ length: script.people }, async (_, number) => await Actor.start(number, url, script.seed, sent)),
  )
  try {
    const meetingId = await people[0]!.create("A meeting")
    for (const turns of script.batches)
      await Promise.all(
        turns.map(async ({ by, deeds }) => {
          for (const deed of deeds) await people[by]?.attempt(deed, people, meetingId)
        }),
      )
    // From here on everything arrives, and what was begun is taken up again.
    for (const person of people) await person.heal()
    for (const person of people) await person.goOn(meetingId)
    for (const person of people)
      if (!script.shy.has(person.number)) await person.attempt({ kind: "join" }, people, meetingId)
    await compareWithModel({ catalog, meetingId, people, shy: script.shy, sent })
  } finally {
    for (const person of people) await person.close()
  }
}
