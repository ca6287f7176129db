import { randomBytes } from "node:crypto"
import { expect } from "chai"
import {
  createMeeting,
  hasNewEvents,
  lookAtMeeting,
  type MeetingId,
  readMeeting,
  type RecordingId,
} from "../../client/sdk/index.js"
import type { MeetingState, Unseen } from "../../client/sdk/state.js"
import { fetchEvents } from "../../client/sdk/meeting-events.js"
import { equalBytes, toBase64Url } from "../../shared/protocol/bytes.js"
import { idOfHash } from "../../shared/protocol/ids.js"
import { random } from "../support/people.js"
import type { TestClient } from "../support/sdk/clients.js"
import { admit, json, openScene, refusal, say, type Scene } from "./support.js"

const NOTHING: Unseen = { recordings: 0, members: 0, changes: 0, questions: 0 }

interface EventsPage {
  readonly events: readonly string[]
}

/** Marks of what is new rest on what was verified: a server can hold them back, and neither make nor take one. */
describe("what is new in a meeting, by a server that lies and members who make a noise", function () {
  this.timeout(60_000)
  let scene: Scene
  let alice: TestClient
  let bob: TestClient
  let carol: TestClient
  let meetingId: MeetingId

  before(async () => {
    scene = await openScene()
    ;({ alice, bob } = scene)
    carol = await scene.newClient("Carol's desktop")
  })
  after(() => scene.close())
  beforeEach(async () => {
    meetingId = await createMeeting(alice.client, "News")
    for (const person of [bob, carol]) await admit(alice, person, meetingId)
    await lookAtMeeting(bob.client, await read())
  })

  const read = async () => await readMeeting(bob.client, meetingId)
  const known = (): MeetingState =>
    bob.client.state.current.meetings.find(({ meetingHash }) =>
      equalBytes(idOfHash("meeting", meetingHash), meetingId),
    )!
  const isNew = async (): Promise<boolean> => await hasNewEvents(bob.client, known())
  const upload = async (): Promise<unknown> => await scene.upload(randomBytes(100), alice, meetingId)

  it("an event that was made up is looked at, refused, and marks nothing", async () => {
    const { head } = known()
    expect(await isNew()).to.equal(false)
    const { meetingHash } = known()
    const old = (await fetchEvents(bob.client, meetingHash, known().known)).at(-1)!
    for (const [madeUp, expected] of [
      [random(600), ["malformed", undefined]],
      [old, ["bad-chain", `event ${head.seq + 1}`]],
    ] as const) {
      const telling = scene.liar.lie({
        path: /\/events\?from=\d+$/,
        tell: json<EventsPage>((page) => ({ ...page, events: [...page.events, toBase64Url(madeUp)] })),
      })
      expect(await isNew()).to.equal(true)
      const refused = await refusal(read).finally(telling.stop)
      expect(refused).to.deep.equal(expected)
      expect(telling.delivered()).to.be.greaterThan(1)
      expect([known().unseen, known().head]).to.deep.equal([NOTHING, head])
    }
    await upload()
    await read()
    expect(known().unseen).to.deep.equal({ ...NOTHING, recordings: 1 })
  })

  it("what is held back is missing until anything comes that was signed behind it, and is counted then", async () => {
    const { head } = known()
    await upload()
    const hide = scene.liar.lie({
      path: /\/events\?from=\d+$/,
      tell: (answer, asked) => {
        const from = Number(/from=(\d+)$/.exec(asked.path)?.[1])
        const tell = json<EventsPage>((page) => ({ ...page, events: page.events.slice(0, head.seq + 1 - from) }))
        return tell(answer, asked)
      },
    })
    expect(await isNew()).to.equal(false)
    await read()
    expect(known().unseen).to.deep.equal(NOTHING)
    expect(hide.delivered()).to.be.greaterThan(1)
    hide.stop()
    await upload()
    const leak = scene.liar.lie({
      path: /\/events\?from=0$/,
      tell: json<EventsPage>((page) => ({
        ...page,
        events: page.events.filter((_event, index) => index !== head.seq + 1),
      })),
    })
    expect(await refusal(read)).to.deep.equal(["bad-chain", `event ${head.seq + 1}`])
    expect(leak.delivered()).to.be.greaterThan(0)
    leak.stop()
    expect(known().unseen).to.deep.equal(NOTHING)
    await read()
    expect(known().unseen).to.deep.equal({ ...NOTHING, recordings: 2 })
  })

  it("a log of before takes no mark away", async () => {
    const { head } = known()
    await upload()
    await read()
    const marked = { ...NOTHING, recordings: 1 }
    expect(known().unseen).to.deep.equal(marked)
    const telling = scene.liar.lie({
      path: /\/events\?from=0$/,
      tell: json<EventsPage>((page) => ({ ...page, events: page.events.slice(0, head.seq + 1) })),
    })
    expect((await refusal(read).finally(telling.stop))[0]).to.equal("rollback")
    expect(telling.delivered()).to.be.greaterThan(0)
    expect(known().unseen).to.deep.equal(marked)
  })

  it("what members sign without effect marks nothing, and the same question twice is one", async () => {
    await say(carol, meetingId, { type: "consent", headerHash: random(32) })
    await read()
    expect(known().unseen).to.deep.equal(NOTHING)
    const capture = { headerHash: random(32), recordingId: random(16) as RecordingId }
    await say(alice, meetingId, { type: "capture", ...capture })
    await read()
    expect(known().unseen).to.deep.equal({ ...NOTHING, questions: 1 })
    for (let count = 0; count < 3; count++) await say(carol, meetingId, { type: "capture", ...capture })
    expect((await read()).voids.map(({ code }) => code)).to.deep.equal(["not-authorised", ...Array(3).fill("replayed")])
    expect(known().unseen).to.deep.equal({ ...NOTHING, questions: 1 })
  })
})
