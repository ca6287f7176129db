import { randomBytes } from "node:crypto"
import { mkdtemp } from "node:fs/promises"
import path from "node:path"
import { expect } from "chai"
import {
  acceptInvitation,
  addMember,
  ArchiveError,
  type Client,
  createMeeting,
  expireMeeting,
  findRecording,
  flushOutbox,
  inviteAgain,
  isArchiveError,
  leaveMeeting,
  listInvitations,
  dismissInvitation,
  type MeetingId,
  openJournalFolder,
  readAsset,
  readMeeting,
  type RecordingId,
  rekeyMeeting,
  removeMember,
  renewMeeting,
  setPolicy,
  setRole,
  type Transport,
  uploadRecording,
  whoAmI,
} from "../../../client/sdk/index.js"
import { equalBytes } from "../../../shared/protocol/bytes.js"
import { idOfHash } from "../../../shared/protocol/ids.js"
import { bytesSource, readAll } from "../../support/sdk/sources.js"
import { type Service, startClient, startService, type TestClient } from "../../support/sdk/clients.js"

const DAY_MS = 86_400_000

describe("SDK: a meeting's members", function () {
  this.timeout(60_000)
  let service: Service
  const everybody: TestClient[] = []
  let alice: TestClient
  let bob: TestClient
  let carol: TestClient
  let meetingId: MeetingId

  before(async () => {
    service = await startService()
    for (const name of ["Alice's laptop", "Bob's phone", "Carol's desktop"])
      everybody.push(await startClient(service, name))
    ;[alice, bob, carol] = everybody as [TestClient, TestClient, TestClient]
  })
  after(async () => {
    await Promise.all(
      everybody.map(async (person) => {
        await person.close()
      }),
    )
    await service.stop()
  })
  beforeEach(async () => {
    meetingId = await createMeeting(alice.client, "Members")
    for (const person of [bob, carol]) await admit(person)
  })

  const idOf = (person: TestClient) => whoAmI(person.client).accountId

  async function join(person: TestClient): Promise<void> {
    const [waiting] = await listInvitations(person.client)
    if (waiting === undefined) throw new Error("no invitation came")
    await acceptInvitation(person.client, waiting)
  }

  async function admit(person: TestClient): Promise<void> {
    await addMember(alice.client, meetingId, idOf(person))
    await join(person)
  }

  async function upload(by: Client, options: { readonly acceptsNotRenewed?: boolean } = {}): Promise<RecordingId> {
    const details = { title: "R", fileName: null, capturedAtMs: null, durationMs: null, prepared: "as-is" as const }
    const journal = await openJournalFolder(await mkdtemp(path.join(alice.home, "journal-")))
    const asset = { role: "media" as const, mediaType: "video/mp4", source: bytesSource(randomBytes(1_000)) }
    return (await uploadRecording(by, meetingId, journal, { details, assets: [asset] }, options)).recordingId
  }

  async function opens(person: TestClient, recordingId: RecordingId): Promise<boolean> {
    try {
      const found = await findRecording(person.client, recordingId)
      return (await readAll(readAsset(person.client, found, found.media))).length === 1_000
    } catch (error) {
      if (!isArchiveError(error)) throw error
      return false
    }
  }

  async function refusal(act: () => Promise<unknown>): Promise<string> {
    try {
      await act()
    } catch (error) {
      if (isArchiveError(error)) return error.code
      throw error
    }
    throw new Error("it was not refused")
  }

  const rolesOf = async (person: TestClient): Promise<readonly string[]> => {
    const { current } = await readMeeting(person.client, meetingId)
    return everybody.map(
      ({ client }) =>
        current.roster.find(
          ({ genesisHash }) => Buffer.compare(genesisHash, client.state.current.secrets.genesisHash) === 0,
        )?.role ?? "none",
    )
  }

  it("somebody who was removed opens nothing that is sealed from then on; the others open all", async () => {
    const before = await upload(bob.client)
    await removeMember(alice.client, meetingId, idOf(bob))
    const after = await upload(carol.client)
    for (const person of [alice, carol])
      expect([await opens(person, before), await opens(person, after)]).to.deep.equal([true, true])
    expect([await opens(bob, before), await opens(bob, after)]).to.deep.equal([false, false])
    expect(await refusal(() => readMeeting(bob.client, meetingId))).to.equal("not-authorised")
    expect(await refusal(() => upload(bob.client))).to.equal("not-authorised")
    expect(await refusal(() => removeMember(alice.client, meetingId, idOf(bob)))).to.equal("not-found")
    await admit(bob)
    expect(await opens(bob, after)).to.equal(true)
  })

  it("only admins change members, roles and policy; and no meeting loses its only admin", async () => {
    for (const act of [
      () => addMember(bob.client, meetingId, idOf(carol)),
      () => removeMember(bob.client, meetingId, idOf(carol)),
      () => setRole(bob.client, meetingId, idOf(bob), "admin"),
      () => setPolicy(bob.client, meetingId, "from-join"),
      () => renewMeeting(bob.client, meetingId),
      () => expireMeeting(bob.client, meetingId),
      () => inviteAgain(bob.client, meetingId, idOf(carol)),
    ])
      expect(await refusal(act)).to.equal("not-authorised")
    expect(await refusal(() => setRole(alice.client, meetingId, idOf(alice), "member"))).to.equal("usage")
    expect(await refusal(() => removeMember(alice.client, meetingId, idOf(alice)))).to.equal("usage")
    expect(await refusal(() => leaveMeeting(alice.client, meetingId))).to.equal("not-authorised")
    expect(await refusal(() => setRole(alice.client, meetingId, idOf(bob), "member"))).to.equal("exists")
    expect(await refusal(() => setPolicy(alice.client, meetingId, "shared"))).to.equal("exists")
    expect(await rolesOf(carol)).to.deep.equal(["admin", "member", "member"])
    expect((await readMeeting(carol.client, meetingId)).voids).to.deep.equal([])
  })

  it("an admin who was promoted acts as one; demoted, it holds a key that nobody takes any more", async () => {
    await setRole(alice.client, meetingId, idOf(bob), "admin")
    const asAdmin = await readMeeting(bob.client, meetingId)
    expect(asAdmin.adminSeed).to.not.equal(null)
    await removeMember(bob.client, meetingId, idOf(carol))
    expect(await rolesOf(alice)).to.deep.equal(["admin", "admin", "none"])
    await setRole(alice.client, meetingId, idOf(bob), "member")
    const log = await readMeeting(bob.client, meetingId)
    expect(log.adminSeed).to.equal(null)
    expect(log.current.adminKey).to.not.deep.equal(asAdmin.current.adminKey)
    expect(await refusal(() => addMember(bob.client, meetingId, idOf(carol)))).to.equal("not-authorised")
    await admit(carol)
  })

  it("a newcomer who is made an admin with the invitation acts as one", async () => {
    await removeMember(alice.client, meetingId, idOf(bob))
    await addMember(alice.client, meetingId, idOf(bob), "admin")
    await join(bob)
    await setPolicy(bob.client, meetingId, "from-join")
    expect((await readMeeting(carol.client, meetingId)).current.policy).to.equal("from-join")
  })

  it("under from-join a newcomer opens what is sealed from its joining on, and nothing before", async () => {
    await removeMember(alice.client, meetingId, idOf(carol))
    const before = await upload(alice.client)
    await setPolicy(alice.client, meetingId, "from-join")
    await admit(carol)
    const after = await upload(alice.client)
    expect([await opens(carol, before), await opens(carol, after)]).to.deep.equal([false, true])
    expect([await opens(bob, before), await opens(bob, after)]).to.deep.equal([true, true])
  })

  it("who leaves is out of the next epoch, which any member makes before it seals", async () => {
    await leaveMeeting(bob.client, meetingId)
    await leaveMeeting(bob.client, meetingId)
    expect(await rolesOf(carol)).to.deep.equal(["admin", "member", "member"])
    expect(await refusal(() => upload(bob.client))).to.equal("not-authorised")
    const after = await upload(carol.client)
    expect(await rolesOf(alice)).to.deep.equal(["admin", "none", "member"])
    expect([await opens(alice, after), await opens(bob, after)]).to.deep.equal([true, false])
    await admit(bob)
    expect(await opens(bob, after)).to.equal(true)
  })

  it("who left makes no epoch: it would be void, and keep the others from sealing", async () => {
    await leaveMeeting(bob.client, meetingId)
    expect(await refusal(() => rekeyMeeting(bob.client, meetingId))).to.equal("not-authorised")
    expect((await readMeeting(carol.client, meetingId)).voids).to.deep.equal([])
    await upload(carol.client)
  })

  it("an admin's change that another's epoch overtakes, also just before it proves its key, is planned anew", async () => {
    await setRole(alice.client, meetingId, idOf(bob), "admin")
    let isOvertaken = false
    const overtaken: Transport = async (request) => {
      const isAdminToken = new TextDecoder().decode(request.body).includes('"scope":"admin"')
      if (isAdminToken && !isOvertaken) {
        isOvertaken = true
        await rekeyMeeting(bob.client, meetingId)
      }
      return await alice.transport(request)
    }
    await setRole(alice.again({ transport: overtaken }), meetingId, idOf(bob), "member")
    expect(isOvertaken).to.equal(true)
    expect(await rolesOf(carol)).to.deep.equal(["admin", "member", "member"])
  })

  it("an upload that another's epoch overtakes just before it is created goes on under the newer one", async () => {
    let isOvertaken = false
    const overtaken: Transport = async (request) => {
      if (request.method === "POST" && request.url.endsWith("/v1/uploads") && !isOvertaken) {
        isOvertaken = true
        await rekeyMeeting(bob.client, meetingId)
      }
      return await alice.transport(request)
    }
    const recording = await upload(alice.again({ transport: overtaken }))
    expect(isOvertaken).to.equal(true)
    expect(await opens(carol, recording)).to.equal(true)
  })

  it("an admin who makes itself a member made the admins' new key, and keeps none of it", async () => {
    await setRole(alice.client, meetingId, idOf(bob), "admin")
    const epoch = await setRole(bob.client, meetingId, idOf(bob), "member")
    const newest = bob.client.state.current.meetings.flatMap(({ meetingHash, known }) =>
      equalBytes(idOfHash("meeting", meetingHash), meetingId) ? known.filter((held) => held.epoch === epoch) : [],
    )
    expect(newest.map(({ adminSeed }) => adminSeed)).to.deep.equal([null])
    await setPolicy(alice.client, meetingId, "from-join")
  })

  it("a token whose answer got lost is asked for again, with another challenge", async () => {
    let lost = 0
    const losing: Transport = async (request) => {
      if (request.url.endsWith("/tokens") && ++lost === 1) await (await alice.transport(request)).bytes(100_000)
      return await alice.transport(request)
    }
    await readMeeting(alice.again({ transport: losing }), meetingId)
    expect(lost).to.equal(2)
  })

  it("an invitation waits for an event that comes late, and is dropped once another one stands in its place", async () => {
    const meeting = await createMeeting(alice.client, "Late")
    const late: (() => Promise<unknown>)[] = []
    const holding: Transport = async (request) => {
      if (request.method !== "POST" || !request.url.endsWith("/events")) return await alice.transport(request)
      late.push(async () => await alice.transport(request))
      throw new ArchiveError("unavailable", "it is on its way")
    }
    const outbox = () => alice.client.state.current.outbox.length
    const isInvited = async ({ client }: TestClient) => (await listInvitations(client)).length > 0
    const addLate = async (person: TestClient) => {
      const added = addMember(alice.again({ transport: holding }), meeting, idOf(person))
      expect(await added.catch((error: unknown) => isArchiveError(error) && error.code)).to.equal("unavailable")
      await flushOutbox(alice.client)
      expect([outbox(), await isInvited(person)]).to.deep.equal([1, false])
    }
    await addLate(bob)
    await late.shift()?.()
    await flushOutbox(alice.client)
    expect([outbox(), await isInvited(bob)]).to.deep.equal([0, true])
    for (const waiting of await listInvitations(bob.client)) await dismissInvitation(bob.client, waiting)
    await addLate(carol)
    await rekeyMeeting(alice.client, meeting)
    expect(outbox()).to.equal(0)
    await late.shift()?.()
    expect(await isInvited(carol)).to.equal(false)
  })

  it("an admin who leaves is taken out by another, with the admins' key renewed", async () => {
    await setRole(alice.client, meetingId, idOf(bob), "admin")
    const { adminKey } = (await readMeeting(bob.client, meetingId)).current
    await leaveMeeting(alice.client, meetingId)
    await upload(carol.client)
    expect(await rolesOf(carol)).to.deep.equal(["admin", "admin", "member"])
    await upload(bob.client)
    expect(await rolesOf(carol)).to.deep.equal(["none", "admin", "member"])
    expect((await readMeeting(carol.client, meetingId)).current.adminKey).to.not.deep.equal(adminKey)
  })

  it("any member may rekey, and changes nothing else by it", async () => {
    const { current: before } = await readMeeting(bob.client, meetingId)
    await rekeyMeeting(bob.client, meetingId)
    const { current: after, adminSeed, voids } = await readMeeting(alice.client, meetingId)
    expect(after.keys.secret).to.not.deep.equal(before.keys.secret)
    expect([after.roster, after.adminKey, after.policy]).to.deep.equal([before.roster, before.adminKey, before.policy])
    expect(voids).to.deep.equal([])
    expect(adminSeed).to.not.equal(null)
    await rekeyMeeting(alice.client, meetingId)
    const { current: renewed } = await readMeeting(carol.client, meetingId)
    expect(renewed.adminKey).to.not.deep.equal(before.adminKey)
    await removeMember(alice.client, meetingId, idOf(bob))
  })

  it("two admins who rotate at once both have their way, one after the other", async () => {
    await setRole(alice.client, meetingId, idOf(bob), "admin")
    await Promise.all([
      removeMember(alice.client, meetingId, idOf(carol)),
      setPolicy(bob.client, meetingId, "from-join"),
    ])
    const log = await readMeeting(alice.client, meetingId)
    expect([log.current.policy, log.current.roster.length, log.voids.length]).to.deep.equal(["from-join", 2, 0])
    const both = await Promise.allSettled([
      removeMember(alice.client, meetingId, idOf(bob)),
      removeMember(bob.client, meetingId, idOf(alice)),
    ])
    expect(both.map(({ status }) => status).sort()).to.deep.equal(["fulfilled", "rejected"])
    const winner = both[0].status === "fulfilled" ? alice : bob
    expect((await readMeeting(winner.client, meetingId)).current.roster).to.have.length(1)
  })

  it("without a renewal for 30 days nothing is sealed unless the person says so; an admin renews by sealing (M30)", async () => {
    const late = (person: TestClient, days: number): Client => ({
      ...person.again(),
      clock: { nowMs: () => Date.now() + days * DAY_MS },
    })
    await upload(late(bob, 29))
    expect(await refusal(() => upload(late(bob, 31)))).to.equal("not-renewed")
    await upload(late(bob, 31), { acceptsNotRenewed: true })
    await upload(late(alice, 31))
    const log = await readMeeting(bob.client, meetingId)
    expect(log.notes.map(({ type }) => type)).to.deep.equal(["renewal"])
    await upload(late(bob, 60))
    await renewMeeting(late(alice, 61), meetingId)
    await upload(late(bob, 90))
  })

  it("of a meeting that was ended everything stays readable, and nothing more is sealed until it is renewed (M29)", async () => {
    const before = await upload(bob.client)
    await expireMeeting(alice.client, meetingId)
    for (const person of [alice, bob]) expect(await refusal(() => upload(person.client))).to.equal("not-authorised")
    expect(await opens(carol, before)).to.equal(true)
    await renewMeeting(alice.client, meetingId)
    await upload(bob.client)
  })

  it("an invitation that was lost is sent again", async () => {
    await removeMember(alice.client, meetingId, idOf(bob))
    await addMember(alice.client, meetingId, idOf(bob))
    const [lost] = await listInvitations(bob.client)
    await dismissInvitation(bob.client, lost!)
    expect(await refusal(() => addMember(alice.client, meetingId, idOf(bob)))).to.equal("exists")
    await inviteAgain(alice.client, meetingId, idOf(bob))
    await join(bob)
    expect(await opens(bob, await upload(alice.client))).to.equal(true)
  })
})
