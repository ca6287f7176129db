import { expect } from "chai"
import { formatId } from "../../shared/protocol/ids.js"
import { HTTP_LIMITS } from "../../shared/protocol/http.js"
import { LIMITS } from "../../shared/protocol/limits.js"
import {
  addMember,
  createMeeting,
  declineInvitations,
  flushOutbox,
  inviteAgain,
  listInvitations,
  readMeeting,
  whoAmI,
} from "../../client/sdk/index.js"
import { fetchChainOf } from "../../client/sdk/chains.js"
import { makeInvitationFor } from "../../client/sdk/invitations.js"
import { readKeyring } from "../../client/sdk/keyring.js"
import { random } from "../support/people.js"
import { recoverClient, type TestClient } from "../support/sdk/clients.js"
import { join, json, openScene, refusal, type Scene } from "./support.js"

interface Inbox {
  readonly entries: readonly { readonly entry: string; readonly sealed: string; readonly day: number }[]
}

describe("joining, among people and by a server that lie", function () {
  this.timeout(90_000)
  let scene: Scene

  before(async () => {
    scene = await openScene()
  })
  after(() => scene.close())

  const accountOf = (person: TestClient): string => formatId("account", whoAmI(person.client).accountId)
  const inboxOf = (person: TestClient): RegExp => new RegExp(`/${accountOf(person)}/inbox$`)
  const post = async (person: TestClient, body: Uint8Array): Promise<number> =>
    (
      await fetch(`${scene.service.url}/v1/accounts/${accountOf(person)}/inbox`, {
        method: "POST",
        headers: { "content-type": "application/octet-stream" },
        body: new Uint8Array(body),
      })
    ).status

  /** Invitations by Alice's own hand that the meeting's log bears out, as many as are wanted. */
  async function boxesFor(person: TestClient, count: number): Promise<readonly Uint8Array[]> {
    const { client } = scene.alice
    const log = await readMeeting(client, scene.meetingId)
    const [recipient, self] = await Promise.all(
      [person, scene.alice].map(
        async (one) => await fetchChainOf(client, one.client.state.current.secrets.genesisHash),
      ),
    )
    const { eventHash, seq, base, keys } = log.current
    const secret = { eventHash, epoch: keys.epoch, secret: keys.secret, adminSeed: null }
    const epoch = { meetingHash: log.meetingHash, title: "Flood", seq, base, secret }
    return Array.from({ length: count }, () => makeInvitationFor(client, recipient!, self!, epoch).box)
  }

  it("a flood fills an inbox to its cap and no further, keeps nobody else waiting, and is declined at once", async () => {
    const { alice, liar } = scene
    const erin = await scene.newClient("Erin's laptop")
    const boxes = await boxesFor(erin, LIMITS.declinedPerRecord + 6)
    const noise = Array.from({ length: HTTP_LIMITS.inboxEntries - boxes.length + 20 }, () =>
      random(LIMITS.invitationBytes),
    )
    const statuses: number[] = []
    for (const body of boxes) statuses.push(await post(erin, body))
    statuses.push(...(await Promise.all(noise.map(async (body) => await post(erin, body)))))
    expect(statuses.filter((status) => status === 201)).to.have.length(HTTP_LIMITS.inboxEntries)
    expect(statuses.filter((status) => status === 507)).to.have.length(20)

    const meetingId = await createMeeting(alice.client, "Honest")
    const started = performance.now()
    expect(await refusal(() => addMember(alice.client, meetingId, whoAmI(erin.client).accountId))).to.deep.equal([
      "inbox-full",
      undefined,
    ])
    await refusal(() => addMember(alice.client, meetingId, whoAmI(scene.bob.client).accountId))
    await join(scene.bob, meetingId)
    expect(performance.now() - started, "nobody waits for what can't get better by waiting").to.be.lessThan(10_000)
    await createMeeting(erin.client, "Her own")

    let held: Inbox["entries"] = []
    const seen = liar.lie({
      method: "GET",
      path: inboxOf(erin),
      tell: json<Inbox>((body) => {
        held = body.entries
        return body
      }),
    })
    const waiting = await listInvitations(erin.client)
    seen.stop()
    expect(waiting).to.have.length(HTTP_LIMITS.inboxEntries)
    const before = (await readKeyring(erin.client)).entries.length
    await declineInvitations(erin.client, waiting)
    expect(await listInvitations(erin.client)).to.deep.equal([])
    expect((await readKeyring(erin.client)).entries.length - before, "records of what opened, none of noise").to.equal(
      2,
    )
    await flushOutbox(alice.client)
    await inviteAgain(alice.client, meetingId, whoAmI(erin.client).accountId)
    await join(erin, meetingId)

    // The server brings what was declined back to a device that never saw it, under other entry ids.
    const phone = await recoverClient({ url: liar.url, folder: erin.home }, erin.recoveryPhrase, "Erin's phone")
    const replayed = liar.lie({
      method: "GET",
      path: inboxOf(erin),
      tell: json<Inbox>(() => ({
        entries: held.map((old) => ({ ...old, entry: Buffer.from(random(16)).toString("base64url") })),
      })),
    })
    const shown = (await listInvitations(phone.client)).filter(({ invitation }) => invitation !== null)
    replayed.stop()
    await phone.close()
    expect([shown, replayed.delivered() > 0]).to.deep.equal([[], true])
  })
})
