import { expect } from "chai"
import {
  activityOf,
  adoptKeyring,
  memberAccountChanges,
  readMeeting,
  renewMeeting,
  setRole,
  whoAmI,
} from "../../client/sdk/index.js"
import { formatId } from "../../shared/protocol/ids.js"
import { recoverClient } from "../support/sdk/clients.js"
import { admit, json, openScene, type Scene } from "./support.js"

describe("a new admin, and an account that its phrase recovered, on a server that hides it", function () {
  this.timeout(60_000)
  let scene: Scene

  before(async () => {
    scene = await openScene()
  })
  after(() => scene.close())

  it("are told to every member, once; what is hidden, as soon as anything shows that was signed behind it (M31)", async () => {
    const { alice, liar, meetingId } = scene
    const told: string[] = []
    const bob = scene.bob.again({ onNews: ({ change }) => told.push(change.kind) })
    await readMeeting(bob, meetingId)
    const carol = await scene.newClient("Carol's laptop")
    await admit(alice, carol, meetingId)
    await setRole(alice.client, meetingId, whoAmI(carol.client).accountId, "admin")

    const service = { url: liar.url, folder: alice.home }
    const thief = await recoverClient(service, alice.recoveryPhrase, "A thief's phone")
    await adoptKeyring(thief.client)
    const hide = () =>
      liar.lie({
        path: new RegExp(`/v1/accounts/${formatId("account", whoAmI(alice.client).accountId)}/chain$`),
        tell: json<{ links: readonly string[] }>((chain) => ({ ...chain, links: chain.links.slice(0, 1) })),
      })
    const first = hide()
    await readMeeting(bob, meetingId)
    expect(told).to.deep.equal(["joined", "made-admin"])

    first.stop()
    await renewMeeting(thief.client, meetingId)
    const second = hide()
    const hidden = await readMeeting(bob, meetingId)
    second.stop()
    expect([first.delivered(), second.delivered()]).to.deep.equal([1, 1])
    expect(hidden.voids.map(({ code }) => code)).to.deep.equal(["not-authorised"])

    const log = await readMeeting(bob, meetingId)
    expect(log.voids).to.deep.equal([])
    expect(told).to.deep.equal(["joined", "made-admin", "recovered"])
    await readMeeting(bob, meetingId)
    expect(told).to.have.length(3)
    expect(activityOf(log).map(({ kind }) => kind)).to.deep.equal(["joined", "joined", "made-admin"])
    expect(memberAccountChanges(log).map(({ kind }) => kind)).to.deep.equal(["recovered"])
    await thief.close()
  })
})
