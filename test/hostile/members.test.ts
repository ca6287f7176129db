import { randomBytes } from "node:crypto"
import { expect } from "chai"
import { compareBytes, equalBytes } from "../../shared/protocol/bytes.js"
import { ZERO_HASH } from "../../shared/protocol/hash.js"
import { makeEpochEvent, type NewEpoch } from "../../client/crypto/epoch-event.js"
import { type Author, makeEvent } from "../../client/crypto/log-event.js"
import type { MeetingLog } from "../../client/crypto/meeting-log.js"
import { type Client, createMeeting, type MeetingId, readMeeting } from "../../client/sdk/index.js"
import { fetchChainOf } from "../../client/sdk/chains.js"
import { selfAsAuthor } from "../../client/sdk/client.js"
import { appendEvent } from "../../client/sdk/meetings.js"
import { random } from "../support/people.js"
import type { TestClient } from "../support/sdk/clients.js"
import { admit, openScene, refusal, type Scene } from "./support.js"

/** Bob is a member and no admin, and the server takes whatever his access key may append. */
describe("a member that lies, by a server that lets it", function () {
  this.timeout(60_000)
  let scene: Scene
  let ghost: TestClient
  let meetingId: MeetingId

  before(async () => {
    scene = await openScene()
    ghost = await scene.newClient("Ghost")
  })
  beforeEach(async () => {
    meetingId = await createMeeting(scene.alice.client, "Lies of a member")
    await admit(scene.alice, scene.bob, meetingId)
    await scene.upload(randomBytes(10), scene.alice, meetingId)
  })
  after(() => scene.close())

  const authorOf = ({ client }: TestClient): Author => selfAsAuthor(client, client.state.current.secrets.genesisHash)

  /** Appends an epoch by Bob that is `changes` of the one in force. */
  async function appendEpoch(changes: (log: MeetingLog) => Partial<NewEpoch>): Promise<number> {
    const { client } = scene.bob
    const log = await readMeeting(client, meetingId)
    const made = makeEpochEvent({
      position: { meetingId, meetingHash: log.meetingHash, seq: log.head.seq + 1, prev: log.head.hash },
      epoch: log.newestEpochSeen + 1,
      base: { eventHash: log.current.eventHash, keys: log.current.keys, roster: log.current.roster },
      roster: log.current.roster,
      policy: log.current.policy,
      title: log.current.title,
      admin: { publicKey: log.current.adminKey },
      adminKeyIsNew: false,
      carried: log.carried,
      author: authorOf(scene.bob),
      timeMs: 1,
      random,
      ...(await keysOf(client, log)),
      ...changes(log),
    })
    await appendEvent(client, log, made.rawEvent, made.certificate)
    return log.head.seq + 1
  }

  async function keysOf(client: Client, log: MeetingLog): Promise<Pick<NewEpoch, "userPublicKeyOf">> {
    const people = [
      ...log.current.roster.map(({ genesisHash }) => genesisHash),
      ghost.client.state.current.secrets.genesisHash,
    ]
    const chains = await Promise.all(people.map(async (genesisHash) => await fetchChainOf(client, genesisHash)))
    return {
      userPublicKeyOf: (member) =>
        chains.find(({ genesisHash }) => equalBytes(genesisHash, member.genesisHash))?.userKeys[0]?.publicKey ??
        ZERO_HASH,
    }
  }

  /** Alice is shown the event as void, seals nothing while it is the newest change of members, and makes it good as an admin. */
  async function expectNothingSealedTo(seq: number): Promise<void> {
    const { alice, liar } = scene
    const log = await readMeeting(alice.client, meetingId)
    expect(log.voids.map((event) => [event.seq, event.code])).to.deep.equal([[seq, "not-authorised"]])
    expect(log.current.roster).to.have.length(2)
    liar.asked()
    expect(await refusal(() => scene.upload(randomBytes(10), alice, meetingId))).to.deep.equal([
      "not-authorised",
      `event ${seq}`,
    ])
    const sent = liar.asked().filter(({ method, path }) => method === "PATCH" || /\/(events|uploads)$/.test(path))
    expect(sent.map(({ path }) => path)).to.deep.equal([])
    const carol = await scene.newClient("Carol's desktop")
    await admit(alice, carol, meetingId)
    await scene.upload(randomBytes(10), alice, meetingId)
    expect((await readMeeting(carol.client, meetingId)).current.roster).to.have.length(3)
  }

  it("adds a ghost to the roster: nothing is sealed to it", async () => {
    await expectNothingSealedTo(
      await appendEpoch((log) => ({
        roster: [
          ...log.current.roster,
          {
            genesisHash: ghost.client.state.current.secrets.genesisHash,
            chainHead: ghost.client.state.current.secrets.genesisHash,
            generation: 1,
            role: "member" as const,
          },
        ].toSorted((a, b) => compareBytes(a.genesisHash, b.genesisHash)),
      })),
    )
  })

  it("makes itself an admin: it is none", async () => {
    const self = scene.bob.client.state.current.secrets.genesisHash
    await expectNothingSealedTo(
      await appendEpoch((log) => ({
        roster: log.current.roster.map((entry) =>
          equalBytes(entry.genesisHash, self) ? { ...entry, role: "admin" as const } : entry,
        ),
      })),
    )
  })

  it("renames the meeting: it keeps its name", async () => {
    await expectNothingSealedTo(await appendEpoch(() => ({ title: "Bob's" })))
    expect((await readMeeting(scene.alice.client, meetingId)).current.title).to.equal("Lies of a member")
  })

  it("signs as somebody else: what it publishes is shown as nobody's", async () => {
    const { alice, bob } = scene
    const log = await readMeeting(bob.client, meetingId)
    const rawEvent = makeEvent(
      { meetingId, meetingHash: log.meetingHash, seq: log.head.seq + 1, prev: log.head.hash },
      log.current.keys,
      { ...authorOf(alice), signer: authorOf(bob).signer },
      { type: "recording", values: [], assets: [], carried: [], epochPart: null },
      { timeMs: 1, random },
    )
    await appendEvent(bob.client, log, rawEvent)
    const seen = await readMeeting(alice.client, meetingId)
    expect(seen.recordings).to.have.length(log.recordings.length)
    expect(seen.voids.map(({ seq, code }) => [seq, code])).to.deep.equal([[log.head.seq + 1, "not-authorised"]])
    await scene.upload(randomBytes(10), alice, meetingId)
  })
})
