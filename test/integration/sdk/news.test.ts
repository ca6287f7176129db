import { expect } from "chai"
import { until } from "../../../scripts/services.js"
import {
  acceptInvitation,
  addMember,
  announceCapture,
  createMeeting,
  hasNewEvents,
  listInvitations,
  lookAtMeeting,
  type MeetingId,
  readMeeting,
  removeMember,
  renewMeeting,
  setPolicy,
  watchAccount,
  whoAmI,
} from "../../../client/sdk/index.js"
import { decodeState, encodeState, type MeetingState, type Unseen } from "../../../client/sdk/state.js"
import { asId } from "../../../shared/protocol/ids.js"
import { random } from "../../support/people.js"
import { type Service, startClient, startService, type TestClient } from "../../support/sdk/clients.js"

const NEVER_MS = 600_000
const NOTHING: Unseen = { recordings: 0, members: 0, changes: 0, questions: 0 }

describe("SDK: what is new", function () {
  this.timeout(60_000)
  let service: Service
  let alice: TestClient
  let bob: TestClient
  let carol: TestClient
  let meetingId: MeetingId
  const everybody: TestClient[] = []

  before(async () => {
    service = await startService()
    for (const name of ["Alice's laptop", "Bob's phone", "Carol's tablet"])
      everybody.push(await startClient(service, name))
    ;[alice, bob, carol] = everybody as [TestClient, TestClient, TestClient]
    meetingId = await createMeeting(alice.client, "News")
  })
  after(async () => {
    for (const person of everybody) await person.close()
    await service.stop()
  })

  function known({ client }: TestClient): MeetingState {
    return client.state.current.meetings[0]!
  }

  it("S9: an account hears of an invitation on its socket, and of nothing twice", async () => {
    const ending = new AbortController()
    let [calls, waiting] = [0, 0]
    const watching = watchAccount(bob.client, {
      signal: ending.signal,
      pollMs: NEVER_MS,
      onNudge: async () => {
        calls += 1
        const before = waiting
        waiting = (await listInvitations(bob.client)).length
        return waiting !== before
      },
    })
    await until(() => Promise.resolve(calls > 0), "the first look")
    await addMember(alice.client, meetingId, whoAmI(bob.client).accountId)
    await until(() => Promise.resolve(waiting === 1), "the invitation")
    // A connection that is lost is made again.
    service.relay.cut()
    service.relay.mend()
    const [invitation] = await listInvitations(bob.client)
    await acceptInvitation(bob.client, invitation!)
    await until(() => Promise.resolve(waiting === 0), "that it was taken out")
    ending.abort()
    await watching
    expect(calls).to.be.lessThan(20)
  })

  it("what others did since is counted, what oneself did is not, and a look clears it", async () => {
    await readMeeting(bob.client, meetingId)
    expect([known(bob).unseen, known(bob).lookedAtSeq]).to.deep.equal([NOTHING, known(bob).head.seq])
    await addMember(alice.client, meetingId, whoAmI(carol.client).accountId)
    await setPolicy(alice.client, meetingId, "from-join")
    await announceCapture(alice.client, meetingId, {
      headerHash: random(32),
      recordingId: asId("recording", random(16)),
    })
    expect(await hasNewEvents(bob.client, known(bob))).to.equal(true)
    await announceCapture(bob.client, meetingId, { headerHash: random(32), recordingId: asId("recording", random(16)) })
    const log = await readMeeting(bob.client, meetingId)
    expect(await hasNewEvents(bob.client, known(bob))).to.equal(false)
    expect(known(bob).unseen).to.deep.equal({ recordings: 0, members: 1, changes: 1, questions: 1 })
    await lookAtMeeting(bob.client, log)
    expect([known(bob).unseen, known(bob).lookedAtSeq]).to.deep.equal([NOTHING, log.head.seq])
    await renewMeeting(alice.client, meetingId)
    await removeMember(alice.client, meetingId, whoAmI(carol.client).accountId)
    const newer = await readMeeting(bob.client, meetingId)
    expect(known(bob).unseen).to.deep.equal({ ...NOTHING, changes: 1 })
    // Who looks at an older log than this device has seen looks at nothing.
    await lookAtMeeting(bob.client, log)
    expect(known(bob).unseen).to.deep.equal({ ...NOTHING, changes: 1 })
    await lookAtMeeting(bob.client, newer)
    expect(known(bob).unseen).to.deep.equal(NOTHING)
    // What Bob announced asks Alice; all else was her own doing.
    expect(known(alice).unseen).to.deep.equal({ ...NOTHING, questions: 1 })
  })

  it("a state of before has nothing new: it counts from its next reading on", async () => {
    const { current } = bob.client.state
    const older = current.meetings.map(({ lookedAtSeq: _seq, unseen: _unseen, ...meeting }) => meeting)
    const decoded = decodeState(encodeState({ ...current, meetings: older as unknown as MeetingState[] }))
    expect(decoded.meetings.map(({ lookedAtSeq, unseen }) => [lookedAtSeq, unseen])).to.deep.equal([[null, NOTHING]])
    await bob.client.state.update((state) => ({ ...state, meetings: decoded.meetings }))
    await readMeeting(bob.client, meetingId)
    expect([known(bob).unseen, known(bob).lookedAtSeq]).to.deep.equal([NOTHING, known(bob).head.seq])
  })
})
