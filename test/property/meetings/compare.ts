import { expect } from "chai"
import { type ErrorCode, isArchiveError, type MeetingId, readAsset, readMeeting } from "../../../client/sdk/index.js"
import type { MeetingLog } from "../../../client/crypto/meeting-log.js"
import { toHex } from "../../../shared/protocol/bytes.js"
import { decodeEvent, eventHash } from "../../../shared/protocol/event.js"
import type { Catalog } from "../../../shared/server/ports.js"
import { readAll } from "../../support/sdk/sources.js"
import { MeetingModel } from "./model.js"
import type { Actor, SentEvent } from "./people.js"

/** That every person reads the meeting that the model says, and opens what the model says, to the last byte. */

export interface Ended {
  readonly catalog: Catalog
  readonly meetingId: MeetingId
  readonly people: readonly Actor[]
  readonly shy: ReadonlySet<number>
  readonly sent: ReadonlyMap<string, SentEvent>
}

export async function compareWithModel(ended: Ended): Promise<void> {
  const { people, meetingId } = ended
  const { model, head, epochOf } = await replay(ended)
  for (const person of people) {
    const joinedAt = (await person.joinedAt()).flatMap((hash) => epochOf.get(hash) ?? [])
    const held = model.heldBy(person.number, new Set(joinedAt))
    // What somebody is told to whom the newest epoch does not open.
    const refusal: ErrorCode = joinedAt.length === 0 ? "not-found" : "not-authorised"
    const isServed = held.has(model.newestEpoch)
    const who = `person ${person.number}`
    if (mustBeInvited(model, person, ended)) expect(isServed, `${who} was invited`).to.equal(true)
    const log = await orCode(async () => await readMeeting(person.client, meetingId))
    if (isCode(log)) expect([who, isServed, log]).to.deep.equal([who, false, refusal])
    else {
      const read = summaryOf(log, people)
      const expected = {
        head,
        roster: [...model.roster].sort(byNumber),
        policy: model.policy,
        left: [...model.left].sort(),
        isExpired: model.isExpired,
        voids: [],
      }
      expect(read, `${who} reads ${JSON.stringify(read)}, by the model ${JSON.stringify(expected)}`).to.deep.equal(
        expected,
      )
    }
    for (const { recordingId, captureEpoch, epoch } of model.recordings) {
      const opens = await person.opens(recordingId)
      const isToOpen = isServed && held.has(captureEpoch) && held.has(epoch)
      expect(opens === true, `${who} opens a recording of epochs ${captureEpoch} and ${epoch}: ${opens}`).to.equal(
        isToOpen,
      )
      if (!isServed) expect(opens).to.equal(refusal)
    }
    for (const known of person.kept) {
      // Also who holds its keys gets no byte any more from the server.
      const read = await orCode(async () => (await readAll(readAsset(person.client, known, known.media))).length)
      expect(read, `${who} reads again`).to.equal(isServed ? 20 : "not-authorised")
    }
    const isShutOut = !model.left.has(person.number)
    for (const former of isShutOut ? person.former : []) {
      const read = await orCode(async () => await readMeeting(former, meetingId))
      // One that was in no meeting is refused its keyring.
      const isKnown = former.state.current.meetings.length > 0
      expect(read, `a revoked device of ${who}`).to.equal(isKnown ? "not-authorised" : "unauthenticated")
    }
  }
}

/** Whoever an admin added who is still there was sent its invitation, unless it went with a lost device. */
function mustBeInvited(model: MeetingModel, { number }: Actor, { people, shy }: Ended): boolean {
  const by = model.addedBy.get(number)
  return (
    by !== undefined &&
    model.roster.has(number) &&
    model.roster.has(by) &&
    people[by]?.former.length === 0 &&
    !shy.has(number) &&
    !shy.has(by)
  )
}

/** The model after what the server accepted, in its order. */
async function replay({ catalog, meetingId, sent }: Ended): Promise<{
  readonly model: MeetingModel
  readonly head: string
  readonly epochOf: ReadonlyMap<string, number>
}> {
  const rows = await catalog.query<{ event: Uint8Array }>(
    "SELECT event FROM meeting_events WHERE meeting_id = $1 ORDER BY seq",
    [meetingId],
  )
  const model = new MeetingModel()
  const epochOf = new Map<string, number>()
  let head = ""
  for (const row of rows) {
    const { epoch, epochPart } = decodeEvent(row.event)
    head = toHex(eventHash(row.event))
    const event = sent.get(head)
    if (event === undefined) throw new Error("the server has an event that nobody sent")
    const base = epochPart === null ? null : (epochOf.get(toHex(epochPart.base)) ?? null)
    if (epochPart !== null) epochOf.set(head, epoch)
    model.accept({ ...event, epoch, base, isEpoch: epochPart !== null })
  }
  return { model, head, epochOf }
}

function summaryOf(log: MeetingLog, people: readonly Actor[]) {
  const numberOf = (genesisHash: Uint8Array) => people.find(({ name }) => name === toHex(genesisHash))?.number ?? -1
  return {
    head: toHex(log.head.hash),
    roster: log.current.roster.map(({ genesisHash, role }) => [numberOf(genesisHash), role] as const).sort(byNumber),
    policy: log.current.policy,
    left: log.standing.left.map(numberOf).sort(),
    isExpired: log.standing.expiry !== null,
    voids: log.voids,
  }
}

function byNumber([a]: readonly [number, unknown], [b]: readonly [number, unknown]): number {
  return a - b
}

async function orCode<T>(work: () => Promise<T>): Promise<T | ErrorCode> {
  try {
    return await work()
  } catch (error) {
    if (!isArchiveError(error)) throw error
    return error.code
  }
}

function isCode(result: unknown): result is ErrorCode {
  return typeof result === "string"
}
