import { expect } from "chai"
import type { MeetingLog } from "../../client/crypto/meeting-log.js"
import { makeEvent } from "../../client/crypto/log-event.js"
import { sodiumReady } from "../../client/crypto/sodium.js"
import { toHex } from "../../shared/protocol/bytes.js"
import { isArchiveError } from "../../shared/protocol/errors.js"
import { decodeEvent, encodeEvent, eventHash, type MeetingEvent } from "../../shared/protocol/event.js"
import { type Chance, chanceOf } from "../support/chance.js"
import { TEST_RUN } from "../support/config.js"
import { makePerson, type Person, random, TestMeeting } from "../support/people.js"
import { mutateBytes } from "./mutations.js"

const RUNS = TEST_RUN.isFull ? 10_000 : 300

/** Each decoder is fuzzed by itself; this is what they are put together to. */
describe(`fuzzing ${RUNS} meeting logs from TACITURN_TEST_SEED=${TEST_RUN.seed}`, function () {
  this.timeout(3_600_000)
  let meeting: TestMeeting
  let other: TestMeeting
  let readers: readonly Person[]

  before(async () => {
    await sodiumReady()
    const [alice, bob, carol] = [makePerson("alice"), makePerson("bob"), makePerson("carol")]
    meeting = new TestMeeting(alice)
    await meeting.add(alice, bob)
    await note(meeting, bob)
    await meeting.add(alice, carol)
    await note(meeting, carol)
    other = new TestMeeting(alice)
    await other.add(alice, bob)
    await note(other, alice)
    readers = [alice, bob, carol]
  })

  it("a reader throws the one error class alone, and believes no member, epoch or title that was not signed for", async () => {
    const chance = chanceOf(TEST_RUN.seed, "meeting log")
    const honest = await meeting.read(readers[0] ?? expect.fail("nobody"))
    const known = new Set(honest.epochs.map(describeEpoch))
    const outcomes = { read: 0, refused: 0, shorter: 0 }
    for (let run = 0; run < RUNS; run++) {
      const events = mutateLog(meeting.events, other.events, chance)
      const log = await read(events, chance.pick(readers), run)
      if (log === null) outcomes.refused += 1
      else {
        outcomes.read += 1
        if (log.epochs.length < honest.epochs.length || log.voids.length > 0) outcomes.shorter += 1
        for (const epoch of log.epochs) expect(known, `run ${run}`).to.include(describeEpoch(epoch))
      }
    }
    for (const [outcome, count] of Object.entries(outcomes)) expect(count, outcome).to.be.greaterThan(0)
  })

  async function read(events: readonly Uint8Array[], reader: Person, run: number): Promise<MeetingLog | null> {
    try {
      return await meeting.read(reader, events)
    } catch (error) {
      if (isArchiveError(error)) return null
      throw new Error(`another error in run ${run}: ${events.map(toHex).join(" ").slice(0, 4_096)}`, { cause: error })
    }
  }
})

function describeEpoch({ keys, roster, title, policy }: MeetingLog["current"]): string {
  const members = roster.map(({ genesisHash, role }) => `${toHex(genesisHash)} ${role}`)
  return [keys.epoch, title, policy, ...members].join("\n")
}

/** An event that changes nothing. */
async function note(meeting: TestMeeting, by: Person): Promise<void> {
  const log = await meeting.read(by)
  const { meetingId, meetingHash, head } = log
  const position = { meetingId, meetingHash, seq: head.seq + 1, prev: head.hash }
  const content = { type: "note", values: [], assets: [], carried: [], epochPart: null }
  meeting.events.push(makeEvent(position, log.current.keys, by.author, content, { timeMs: 1, random }))
}

/** What a server can do to a log that it can't sign. */
function mutateLog(
  events: readonly Uint8Array[],
  others: readonly Uint8Array[],
  chance: Chance,
): readonly Uint8Array[] {
  const at = chance.below(events.length)
  const event = events[at] ?? new Uint8Array(0)
  switch (chance.below(8)) {
    case 0:
      return events.slice(0, at)
    case 1:
      return events.toSpliced(at, 1)
    case 2:
      return events.toSpliced(at, 0, event)
    case 3:
      return events.with(at, mutateBytes(event, chance))
    case 4:
      return events.with(at, chance.pick(others))
    case 5:
      return events.slice(0, at + 1).with(at, rewrite(event, chance))
    case 6:
      return [...events, appended(events, chance)]
    default:
      return events
  }
}

/** One visible field of a well-formed event, changed. */
function rewrite(raw: Uint8Array, chance: Chance): Uint8Array {
  const event = decodeEvent(raw)
  const part = event.epochPart
  const changes: (() => MeetingEvent)[] = [
    () => ({ ...event, epoch: chance.below(5) }),
    () => ({ ...event, statementHash: chance.bytes(32) }),
    () => ({ ...event, assets: [...event.assets, chance.bytes(32)] }),
    () => ({ ...event, sealedBody: mutateBytes(event.sealedBody, chance) }),
    () => ({ ...event, epochPart: part === null ? null : { ...part, base: chance.bytes(32) } }),
    () => ({ ...event, epochPart: part === null ? null : { ...part, sealedHistory: null } }),
    () => ({ ...event, epochPart: part === null ? null : { ...part, accessKey: chance.bytes(32) } }),
    () => ({
      ...event,
      epochPart:
        part === null
          ? null
          : {
              ...part,
              boxes: part.boxes.map((box) => (chance.oneIn(2) ? { ...box, memberBox: chance.bytes(1_200) } : box)),
            },
    }),
  ]
  return encodeEvent(chance.pick(changes)())
}

/** An event of the log again, at its end, chained as it should be. */
function appended(events: readonly Uint8Array[], chance: Chance): Uint8Array {
  const last = events.at(-1) ?? new Uint8Array(0)
  const event = decodeEvent(chance.pick(events))
  const epoch = event.epochPart === null ? event.epoch : events.length
  return encodeEvent({
    ...event,
    meetingId: decodeEvent(last).meetingId,
    seq: events.length,
    prev: eventHash(last),
    epoch,
  })
}
