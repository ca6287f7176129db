import { randomBytes } from "node:crypto"
import { expect } from "chai"
import { compareBytes, equalBytes, fromBase64Url, toBase64Url } from "../../shared/protocol/bytes.js"
import { decodeEvent, encodeEvent, makeCertificate, type MeetingEvent } from "../../shared/protocol/event.js"
import { ZERO_HASH } from "../../shared/protocol/hash.js"
import { formatId } from "../../shared/protocol/ids.js"
import { type MadeEpoch, makeEpochEvent, type NewEpoch } from "../../client/crypto/epoch-event.js"
import { type Author, makeEvent, openEventBody } from "../../client/crypto/log-event.js"
import type { MeetingLog } from "../../client/crypto/meeting-log.js"
import {
  type Client,
  createMeeting,
  expireMeeting,
  type MeetingId,
  readMeeting,
  rekeyMeeting,
  removeMember,
  renewMeeting,
  whoAmI,
} from "../../client/sdk/index.js"
import { fetchChainOf } from "../../client/sdk/chains.js"
import { selfAsAuthor } from "../../client/sdk/client.js"
import { appendEvent, currentCapability } from "../../client/sdk/meetings.js"
import { random } from "../support/people.js"
import type { TestClient } from "../support/sdk/clients.js"
import { admit, openScene, refusal, resealed, type Scene } from "./support.js"

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
  async function appendEpoch(
    changes: (log: MeetingLog) => Partial<NewEpoch>,
    spoil: (made: MadeEpoch, log: MeetingLog) => Pick<MadeEpoch, "rawEvent" | "certificate"> = (made) => made,
  ): Promise<number> {
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
    const { rawEvent, certificate } = spoil(made, log)
    await appendEvent(client, log, rawEvent, certificate)
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

  it("posts an event that does not decode: the server takes none, and one of noise inside is shown as void", async () => {
    const { alice, bob } = scene
    const log = await readMeeting(bob.client, meetingId)
    expect((await refusal(() => appendEvent(bob.client, log, random(500))))[0]).to.equal("malformed")
    const position = { meetingId, seq: log.head.seq + 1, prev: log.head.hash, epoch: log.current.keys.epoch }
    const noise = { ...position, statementHash: random(32), sealedBody: random(336), assets: [], epochPart: null }
    await appendEvent(bob.client, log, encodeEvent(noise))
    const seen = await readMeeting(alice.client, meetingId)
    expect(seen.voids.map(({ seq, code }) => [seq, code])).to.deep.equal([[position.seq, "cannot-open"]])
    await scene.upload(randomBytes(10), alice, meetingId)
  })

  it("gives everybody a box of noise: who is locked out by it goes on once an admin made the next epoch", async () => {
    const { alice, bob } = scene
    const carol = await scene.newClient("Carol's desktop")
    await admit(alice, carol, meetingId)
    const spoil = ({ rawEvent, keys }: MadeEpoch, log: MeetingLog): Pick<MadeEpoch, "rawEvent" | "certificate"> => {
      const { epochPart, ...event } = decodeEvent(rawEvent)
      const boxes = epochPart!.boxes.map(({ tag }) => ({ tag, memberBox: random(1_200), adminBox: random(1_200) }))
      const content = { type: "epoch", values: [], assets: [], carried: [], epochPart: { ...epochPart!, boxes } }
      const spoiled = makeEvent({ ...event, meetingHash: log.meetingHash }, keys, authorOf(bob), content, {
        timeMs: 1,
        random,
      })
      return { rawEvent: spoiled, certificate: makeCertificate(spoiled, keys.access, null) }
    }
    const seq = await appendEpoch(() => ({}), spoil)
    const seen = await readMeeting(alice.client, meetingId)
    expect(seen.voids.map((event) => [event.seq, event.code])).to.deep.equal([[seq, "bad-boxes"]])
    for (const [person, code] of [
      [alice, "bad-boxes"],
      [carol, "not-authorised"],
    ] as const)
      expect((await refusal(() => scene.upload(randomBytes(10), person, meetingId)))[0]).to.equal(code)
    await removeMember(alice.client, meetingId, whoAmI(bob.client).accountId)
    for (const person of [alice, carol]) await scene.upload(randomBytes(10), person, meetingId)
  })

  it("seals what an admin signed into another meeting, a later place, or a later epoch: void, and nothing ends", async () => {
    const { alice, bob } = scene
    const other = await createMeeting(alice.client, "Another")
    await admit(alice, bob, other)
    await expireMeeting(alice.client, other)
    const [from, token] = [await readMeeting(bob.client, other), await tokenOf(bob, other)]
    const expiry = await eventAt(token, other, from.head.seq)
    await renewMeeting(alice.client, other)
    const replay = async (into: MeetingId, code: string): Promise<void> => {
      const log = await readMeeting(bob.client, into)
      await appendEvent(
        bob.client,
        log,
        resealed(expiry, openEventBody(expiry, from.meetingHash, from.current.keys), log),
      )
      const seen = await readMeeting(alice.client, into)
      expect(seen.voids.map(({ seq, code: given }) => [seq, given]).at(-1)).to.deep.equal([log.head.seq + 1, code])
      expect(seen.standing.expiry).to.equal(null)
    }
    await replay(meetingId, "bad-signature")
    await replay(other, "bad-signature")
    await rekeyMeeting(bob.client, other)
    await replay(other, "bad-signature")
    await scene.upload(randomBytes(10), alice, other)
  })

  it("ends another's upload: only the upload's own secret does", async () => {
    const { alice, bob } = scene
    const meeting = formatId("meeting", meetingId)
    let upload = ""
    const told = scene.liar.lie({
      method: "PATCH",
      path: /\/v1\/uploads\//,
      tell: async (answer, { path }) => {
        upload = path
        const token = toBase64Url(await tokenOf(bob, meetingId))
        for (const bearer of [token, toBase64Url(random(32))]) {
          const headers = { authorization: `Bearer ${bearer}`, "tus-resumable": "1.0.0" }
          const { status } = await fetch(`${scene.service.url}${path}`, { method: "DELETE", headers })
          expect(status).to.be.oneOf([401, 403])
        }
        return answer
      },
    })
    await scene.upload(randomBytes(10), alice, meetingId)
    told.stop()
    expect(told.delivered()).to.be.greaterThan(0)
    expect([upload, meeting].join()).to.match(/uploads/)
  })

  const tokenOf = async ({ client }: TestClient, id: MeetingId): Promise<Uint8Array> =>
    await client.tokens.with(client.http, currentCapability(await readMeeting(client, id)), async (token) =>
      Promise.resolve(token),
    )

  async function eventAt(token: Uint8Array, id: MeetingId, seq: number): Promise<MeetingEvent> {
    const url = `${scene.service.url}/v1/meetings/${formatId("meeting", id)}/events?from=${seq}`
    const page = await (await fetch(url, { headers: { authorization: `Bearer ${toBase64Url(token)}` } })).json()
    return decodeEvent(fromBase64Url((page as { events: readonly string[] }).events[0] ?? ""))
  }
})
