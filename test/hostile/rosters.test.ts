import { randomBytes } from "node:crypto"
import { mkdtemp } from "node:fs/promises"
import path from "node:path"
import { expect } from "chai"
import { compareBytes, equalBytes, fromBase64Url, toBase64Url } from "../../shared/protocol/bytes.js"
import { decodeEvent, encodeEvent, eventHash } from "../../shared/protocol/event.js"
import { formatId } from "../../shared/protocol/ids.js"
import { boxTag } from "../../client/crypto/epoch-boxes.js"
import { makeEpochEvent } from "../../client/crypto/epoch-event.js"
import { adminSigner } from "../../client/crypto/epoch-keys.js"
import {
  addMember,
  createMeeting,
  findRecording,
  listInvitations,
  type MeetingId,
  openJournalFolder,
  readAsset,
  readMeeting,
  rekeyMeeting,
  removeMember,
  setPolicy,
  setRole,
  uploadRecording,
  whoAmI,
} from "../../client/sdk/index.js"
import { fetchChainOf } from "../../client/sdk/chains.js"
import { selfAsAuthor } from "../../client/sdk/client.js"
import { makeInvitationFor } from "../../client/sdk/invitations.js"
import { appendEvent, currentCapability } from "../../client/sdk/meetings.js"
import { userKeysOf } from "../../shared/protocol/chain.js"
import { random } from "../support/people.js"
import type { TestClient } from "../support/sdk/clients.js"
import { bytesSource, readAll } from "../support/sdk/sources.js"
import { admit, expectRefused, join, json, openScene, refusal, type Scene } from "./support.js"

/** Rosters that change, by a server that lies and by members who were, or never were, what they act as. */
describe("rosters that change, by a server that lies", function () {
  this.timeout(60_000)
  let scene: Scene
  let alice: TestClient
  let bob: TestClient
  let carol: TestClient
  let dave: TestClient
  let meetingId: MeetingId

  before(async () => {
    scene = await openScene()
    ;({ alice, bob } = scene)
    carol = await scene.newClient("Carol's desktop")
    dave = await scene.newClient("Dave's tablet")
  })
  after(() => scene.close())
  beforeEach(async () => {
    meetingId = await createMeeting(alice.client, "Rosters")
    await admit(alice, bob, meetingId)
    await admit(alice, carol, meetingId)
  })

  const idOf = (person: TestClient) => whoAmI(person.client).accountId
  const genesisHashOf = ({ client }: TestClient): Uint8Array => client.state.current.secrets.genesisHash
  const read = async (person: TestClient) => await readMeeting(person.client, meetingId)
  const events = /\/events\?from=\d+$/

  it("a removal that is hidden is noticed as soon as anything comes that was signed behind it", async () => {
    const { head } = await read(bob)
    await removeMember(alice.client, meetingId, idOf(carol))
    const cut = json<{ events: readonly string[] }>((page) => ({ ...page, events: page.events.slice(0, head.seq + 1) }))
    const hidden = scene.liar.lie({ path: events, tell: cut })
    // Nothing newer came: the roster that Bob saw last is shown on.
    expect((await read(bob)).current.roster).to.have.length(3)
    hidden.stop()
    expect(hidden.delivered()).to.be.greaterThan(0)
    await scene.upload(randomBytes(10), alice, meetingId)
    const leaking = json<{ events: readonly string[] }>((page) => ({
      ...page,
      events: page.events.filter((_event, index) => index !== head.seq + 1),
    }))
    const person = { ...bob, client: bob.again() }
    await expectRefused(
      scene,
      { path: events, tell: leaking },
      async () => await readMeeting(person.client, meetingId),
      ["bad-chain", `event ${head.seq + 1}`],
    )
    await expectRefused(scene, { path: events, tell: cut }, async () => await read(bob), [
      "rollback",
      `event ${head.seq + 2}`,
    ])
  })

  it("a demoted admin's key: the server takes it no more, and what one that does lets in is void", async () => {
    await setRole(alice.client, meetingId, idOf(bob), "admin")
    const asAdmin = await read(bob)
    await setRole(alice.client, meetingId, idOf(bob), "member")
    const log = await read(bob)
    const signer = adminSigner(asAdmin.adminSeed!)
    const capability = { ...currentCapability(log), scope: "admin" as const, signer }
    const refused = await refusal(() =>
      bob.client.tokens.with(bob.client.http, capability, () => Promise.resolve("a token")),
    )
    expect(refused[0]).to.equal("unauthenticated")
    // A server that lets it in takes the access key alone for it: the roster without Alice, by Bob.
    const roster = log.current.roster.filter(({ genesisHash }) => !equalBytes(genesisHash, genesisHashOf(alice)))
    const seq = await appendEpoch(bob, {
      roster: roster.map((entry) => ({ ...entry, role: "admin" as const })),
    })
    const seen = await read(alice)
    expect(seen.voids.map((event) => [event.seq, event.code])).to.deep.equal([[seq, "bad-boxes"]])
    expect(seen.current.roster).to.have.length(3)
    expect((await read(carol)).voids.map((event) => [event.seq, event.code])).to.deep.equal([[seq, "not-authorised"]])
    expect((await refusal(() => scene.upload(randomBytes(10), carol, meetingId)))[0]).to.equal("not-authorised")
    await removeMember(alice.client, meetingId, idOf(bob))
    await scene.upload(randomBytes(10), carol, meetingId)
  })

  it("an old token after a rotation: gives later epoch events, and no recording, upload or other event", async () => {
    const uploaded = await scene.upload(randomBytes(10), alice, meetingId)
    const capability = currentCapability(await read(bob))
    const found = await findRecording(bob.client, uploaded.recordingId)
    const meeting = formatId("meeting", meetingId)
    const asset = formatId("asset", found.media.header.assetId)
    const statuses = async (token: Uint8Array): Promise<readonly number[]> => {
      const headers = { authorization: `Bearer ${toBase64Url(token)}` }
      const answers: number[] = []
      for (const place of [`meetings/${meeting}/events?from=0`, `meetings/${meeting}/assets/${asset}/stream`])
        answers.push((await fetch(`${scene.liar.url}/v1/${place}`, { headers })).status)
      return answers
    }
    await bob.client.tokens.with(bob.client.http, capability, async (token) => {
      expect(await statuses(token)).to.deep.equal([200, 200])
      await removeMember(alice.client, meetingId, idOf(bob))
      expect(await statuses(token)).to.deep.equal([200, 403])
      const headers = { authorization: `Bearer ${toBase64Url(token)}` }
      const page = (await (
        await fetch(`${scene.liar.url}/v1/meetings/${meeting}/events?from=0`, { headers })
      ).json()) as { events: readonly string[] }
      // The epoch that it is of, and the one without him, whose boxes don't open for him.
      expect(page.events).to.have.length(2)
    })
    expect((await refusal(() => read(bob)))[0]).to.equal("not-authorised")
  })

  it("two admins rotate at once, and the one that wins is killed right behind its append: both have one roster", async () => {
    await setRole(alice.client, meetingId, idOf(bob), "admin")
    const killed = alice.again({
      failpoint: (name) => {
        if (name === "member.epoch-appended") throw new Error("killed")
      },
    })
    const both = await Promise.allSettled([
      removeMember(killed, meetingId, idOf(carol)),
      addMember(bob.client, meetingId, idOf(dave)),
    ])
    expect(both.map(({ status }) => status)).to.deep.equal(["rejected", "fulfilled"])
    const [byAlice, byBob] = [await read({ ...alice, client: alice.again() }), await read(bob)]
    expect(byAlice.head).to.deep.equal(byBob.head)
    expect(byAlice.current.roster).to.have.length(3)
    expect(byAlice.voids).to.deep.equal([])
    await join(dave, meetingId)
  })

  it("a member joins and another is removed while a recording is sent: it opens for those who are members behind it", async () => {
    const bytes = randomBytes(20 * 1024 * 1024)
    let begin: (() => void) | null = null
    const changed = new Promise<void>((resolve) => (begin = resolve)).then(async () => {
      await removeMember(alice.client, meetingId, idOf(carol))
      await addMember(alice.client, meetingId, idOf(dave))
    })
    const journal = await openJournalFolder(await mkdtemp(path.join(alice.home, "journal-")))
    const details = { title: "R", fileName: null, capturedAtMs: null, durationMs: null, prepared: "as-is" as const }
    const asset = { role: "media" as const, mediaType: "video/mp4", source: bytesSource(bytes, changed) }
    const { recordingId } = await uploadRecording(
      alice.client,
      meetingId,
      journal,
      { details, assets: [asset] },
      {
        onProgress: ({ sentBytes }) => {
          if (sentBytes > 0) begin?.()
        },
      },
    )
    await join(dave, meetingId)
    for (const person of [bob, dave]) {
      const found = await findRecording(person.client, recordingId)
      expect(found.recording.fields.captureEpoch).to.be.lessThan(found.recording.epoch)
      expect((await readAll(readAsset(person.client, found, found.media))).equals(bytes)).to.equal(true)
    }
    expect((await refusal(() => findRecording(carol.client, recordingId)))[0]).to.be.oneOf([
      "not-found",
      "not-authorised",
    ])
  })

  it("a box moved to another recipient, epoch or meeting opens nothing (M26)", async () => {
    const elsewhere = await createMeeting(alice.client, "Elsewhere")
    await admit(alice, bob, elsewhere)
    await rekeyMeeting(alice.client, elsewhere)
    const boxesOf = (log: Awaited<ReturnType<typeof read>>, raw: Uint8Array) => {
      const tag = boxTag(log.epochs.at(-2)!.keys.secret, log.meetingHash, log.current.keys.epoch, genesisHashOf(bob))
      return decodeEvent(raw).epochPart!.boxes.find((box) => equalBytes(box.tag, tag))!
    }
    await rekeyMeeting(alice.client, meetingId)
    const before = { ...bob, client: bob.again() }
    const older = await read(before)
    const [own, other] = [
      boxesOf(older, await newestEvent(bob, meetingId)),
      boxesOf(await readMeeting(bob.client, elsewhere), await newestEvent(bob, elsewhere)),
    ]
    await rekeyMeeting(alice.client, meetingId)
    const tag = boxTag(older.current.keys.secret, older.meetingHash, older.current.keys.epoch + 1, genesisHashOf(bob))
    const newest = decodeEvent(await newestEvent(alice, meetingId))
    const others = newest.epochPart!.boxes.filter((box) => !equalBytes(box.tag, tag))
    for (const [name, moved] of [
      ["another recipient's", others[0]!],
      ["of the epoch before", own],
      ["of another meeting", other],
    ] as const) {
      const boxes = newest.epochPart!.boxes.map((box) =>
        equalBytes(box.tag, tag) ? { ...box, memberBox: moved.memberBox } : box,
      )
      const forged = toBase64Url(encodeEvent({ ...newest, epochPart: { ...newest.epochPart!, boxes } }))
      const told = scene.liar.lie({
        path: events,
        tell: json<{ events: readonly string[] }>((page) => ({
          ...page,
          events: [...page.events.slice(0, -1), forged],
        })),
      })
      scene.liar.asked()
      expect(await refusal(async () => await read(before)), name).to.deep.equal(["not-authorised", undefined])
      expect(scene.liar.asked().filter(({ path }) => path.endsWith("/events"))).to.deep.equal([])
      told.stop()
      expect(told.delivered()).to.be.greaterThan(0)
    }
    expect((await read(before)).current.keys.epoch).to.equal(older.current.keys.epoch + 1)
  })

  /** As served to who is a member. */
  async function newestEvent({ client }: TestClient, id: MeetingId): Promise<Uint8Array> {
    const log = await readMeeting(client, id)
    return await client.tokens.with(client.http, currentCapability(log), async (token, subject) => {
      const headers = { authorization: `Bearer ${toBase64Url(token)}` }
      const url = `${scene.service.url}/v1/meetings/${subject}/events?from=${log.head.seq}`
      const page = (await (await fetch(url, { headers })).json()) as { events: readonly string[] }
      return fromBase64Url(page.events[0] ?? "")
    })
  }

  it("a meeting with a copied title whose roster names somebody is not theirs, and nothing is sealed to it (V4)", async () => {
    const fake = await createMeeting(dave.client, "Rosters")
    await addMember(dave.client, fake, idOf(bob))
    const [waiting] = await listInvitations(bob.client)
    expect(waiting?.invitation?.title).to.equal("Rosters")
    expect(waiting?.invitation?.inviterGenesisHash).to.deep.equal(genesisHashOf(dave))
    expect(await refusal(() => readMeeting(bob.client, fake))).to.deep.equal(["not-found", undefined])
    expect(await refusal(() => scene.upload(randomBytes(10), bob, fake))).to.deep.equal(["not-found", undefined])
  })

  it("a member and the server together make no admin towards a newcomer who may not see what was before (M19)", async () => {
    await setPolicy(alice.client, meetingId, "from-join")
    const log = await read(bob)
    const newcomer = await fetchChainOf(bob.client, genesisHashOf(dave))
    const entry = {
      genesisHash: newcomer.genesisHash,
      chainHead: newcomer.headHash,
      generation: 1,
      role: "member" as const,
    }
    const roster = [...log.current.roster, entry].map((other) =>
      equalBytes(other.genesisHash, genesisHashOf(bob)) ? { ...other, role: "admin" as const } : other,
    )
    await appendEpoch(bob, { roster, invites: dave })
    expect(
      (
        await refusal(async () => {
          await join(dave, meetingId)
        })
      )[0],
    ).to.equal("not-authorised")
    expect((await read(alice)).current.roster).to.have.length(3)
  })

  /** Appends what `by` may not make, as its access key lets it. @returns its place. */
  async function appendEpoch(
    by: TestClient,
    change: { readonly roster: Parameters<typeof makeEpochEvent>[0]["roster"]; readonly invites?: TestClient },
  ): Promise<number> {
    const { client } = by
    const log = await read(by)
    const chains = await Promise.all(
      change.roster.map(async ({ genesisHash }) => await fetchChainOf(client, genesisHash)),
    )
    const self = await fetchChainOf(client, genesisHashOf(by))
    const made = makeEpochEvent({
      position: { meetingId, meetingHash: log.meetingHash, seq: log.head.seq + 1, prev: log.head.hash },
      epoch: log.newestEpochSeen + 1,
      base: { eventHash: log.current.eventHash, keys: log.current.keys, roster: log.current.roster },
      roster: change.roster.toSorted((a, b) => compareBytes(a.genesisHash, b.genesisHash)),
      userPublicKeyOf: userKeysOf(chains),
      policy: log.current.policy,
      title: log.current.title,
      admin: { publicKey: log.current.adminKey },
      adminKeyIsNew: false,
      carried: log.carried,
      author: selfAsAuthor(client, self.headHash),
      timeMs: Date.now(),
      random,
    })
    await appendEvent(client, log, made.rawEvent, made.certificate)
    if (change.invites !== undefined) await invite(by, change.invites, log, made)
    return log.head.seq + 1
  }

  async function invite(
    by: TestClient,
    newcomer: TestClient,
    log: Awaited<ReturnType<typeof read>>,
    made: ReturnType<typeof makeEpochEvent>,
  ): Promise<void> {
    const [recipient, self] = await Promise.all(
      [newcomer, by].map(async (person) => await fetchChainOf(by.client, genesisHashOf(person))),
    )
    const item = makeInvitationFor(by.client, recipient!, self!, {
      meetingHash: log.meetingHash,
      title: log.current.title,
      seq: log.head.seq + 1,
      base: log.current.eventHash,
      secret: {
        eventHash: eventHash(made.rawEvent),
        epoch: made.keys.epoch,
        secret: made.keys.secret,
        adminSeed: null,
      },
    })
    const account = formatId("account", idOf(newcomer))
    const posted = await fetch(`${scene.liar.url}/v1/accounts/${account}/inbox`, {
      method: "POST",
      headers: { "content-type": "application/octet-stream" },
      body: item.box,
    })
    expect(posted.status).to.equal(201)
  }
})
