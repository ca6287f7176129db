import { setTimeout as delay } from "node:timers/promises"
import { expect } from "chai"
import { Server } from "socket.io"
import { until } from "../../scripts/services.js"
import {
  type Client,
  createMeeting,
  readMeeting,
  rekeyMeeting,
  rekeyPending,
  removeMember,
  revokeDevices,
  whoAmI,
} from "../../client/sdk/index.js"
import { deviceSigner } from "../../client/crypto/account-keys.js"
import { openRecord, sealRecord } from "../../client/crypto/committed-seal.js"
import type { MeetingLog } from "../../client/crypto/meeting-log.js"
import { sealPresence } from "../../client/crypto/presence.js"
import { concatBytes, equalBytes, toBase64Url, u64 } from "../../shared/protocol/bytes.js"
import { makeEnvelope, type Signer } from "../../shared/protocol/envelope.js"
import { LABELS } from "../../shared/protocol/labels.js"
import { LIVE_NAMESPACES, LIVE_PATH } from "../../shared/protocol/live.js"
import {
  encodePresence,
  PRESENCE_BYTES,
  PRESENCE_PLAINTEXT_BYTES,
  type PresenceStatement,
} from "../../shared/protocol/presence.js"
import { padTo } from "../../shared/protocol/padding.js"
import { random } from "../support/people.js"
import { recoverClient, type TestClient } from "../support/sdk/clients.js"
import { idOf, type Onlooker, openOnlooker } from "../support/sdk/onlooker.js"
import { admit, openScene, type Scene } from "./support.js"

const LIES = 3_000
/** SPEC.md §11.2, PR8. */
const HEARD_PER_SECOND = 100

/** Everything that comes here comes from a server that says what it likes, and from members who help it. */
describe("presence, by a server and members that lie", function () {
  this.timeout(120_000)
  let scene: Scene
  let io: Server
  let carol: TestClient
  /** Looks on; all lies are told to her. */
  let watcher: Onlooker

  before(async () => {
    scene = await openScene()
    carol = await scene.newClient("Carol's tablet")
    await admit(scene.alice, carol, scene.meetingId)
    io = new Server(scene.liar.server, { path: LIVE_PATH })
    // There from now on, so that sockets are let in.
    io.of(LIVE_NAMESPACES.meeting)
    watcher = await openOnlooker(scene.alice.client, scene.meetingId)
  })
  after(async () => {
    await watcher.stop()
    io.disconnectSockets(true)
    await scene.close()
  })

  function nudge({ head }: MeetingLog): void {
    io.of(LIVE_NAMESPACES.meeting).emit("log", { seq: head.seq, hash: toBase64Url(head.hash) })
  }

  function headOf({ memberChains }: MeetingLog, { state }: Client): Uint8Array {
    const { genesisHash: own } = state.current.secrets
    return memberChains.find(({ genesisHash }) => equalBytes(genesisHash, own))!.headHash
  }

  function tell(sealed: Uint8Array): void {
    io.of(LIVE_NAMESPACES.meeting).emit("said", { sealed: toBase64Url(sealed) })
  }

  /** Tells it, and what came of it: `taken`, or the code of the refusal. */
  async function outcome(sealed: Uint8Array, to = watcher): Promise<string> {
    const [taken, refused] = [to.said.length, to.refused.length]
    tell(sealed)
    await until(() => Promise.resolve(to.said.length + to.refused.length > taken + refused), "an outcome")
    return to.said.length > taken ? "taken" : (to.refused.at(-1) ?? "")
  }

  type Claim = Partial<PresenceStatement> & { readonly by?: Signer }

  /** What a client without scruples says of itself, or of others. */
  async function sealedBy({ client }: TestClient, claim: Claim = {}, log?: MeetingLog): Promise<Uint8Array> {
    const { current, meetingHash, memberChains } = log ?? (await readMeeting(client, scene.meetingId))
    const { secrets } = client.state.current
    const author = claim.authorGenesisHash ?? secrets.genesisHash
    const chain = memberChains.find(({ genesisHash }) => equalBytes(genesisHash, author))
    const said = {
      meetingHash,
      authorGenesisHash: author,
      authorChainHead: chain?.headHash ?? secrets.genesisHash,
      session: random(16),
      counter: 1,
      timeMs: Date.now(),
      type: "here",
      body: new Uint8Array(0),
      ...claim,
    }
    return sealPresence(current.keys, said, claim.by ?? deviceSigner(secrets), random)
  }

  function placeOf({ current, meetingHash }: MeetingLog): Parameters<typeof openRecord>[0] {
    const context = concatBytes(meetingHash, u64(current.keys.epoch))
    return { key: current.keys.presenceKey, label: LABELS.presence, context, aad: new Uint8Array(0) }
  }

  /** What somebody signed for one meeting or epoch, sealed for another by who has both keys. */
  function resealed(sealed: Uint8Array, from: MeetingLog, into: MeetingLog): Uint8Array {
    const padded = openRecord(placeOf(from), sealed)
    return sealRecord(
      placeOf(into),
      padTo(padded.subarray(0, padded.lastIndexOf(0x80)), PRESENCE_PLAINTEXT_BYTES),
      random,
    )
  }

  it("PR6: what was said before is not taken again, neither by who heard it nor, once it is old, by a newcomer", async () => {
    const { bob, alice, meetingId } = scene
    const session = random(16)
    const here = await sealedBy(bob, { session, counter: 5 })
    expect(await outcome(here)).to.equal("taken")
    await watcher.sees(bob.client)
    expect(await outcome(here)).to.equal("replayed")
    expect(await outcome(await sealedBy(bob, { session, counter: 6, type: "gone" }))).to.equal("taken")
    await watcher.sees()
    for (const replay of [here, await sealedBy(bob, { session, counter: 6 })])
      expect(await outcome(replay)).to.equal("replayed")
    await watcher.sees()

    let shiftMs = 0
    const clock = { nowMs: () => Date.now() + shiftMs }
    const newcomer = await openOnlooker({ ...alice.client, clock }, meetingId)
    const fresh = await sealedBy(bob)
    expect(await outcome(fresh, newcomer)).to.equal("taken")
    shiftMs = 61_000
    expect(await outcome(await sealedBy(bob), newcomer)).to.equal("replayed")
    shiftMs = -61_000
    expect(await outcome(await sealedBy(bob), newcomer)).to.equal("replayed")
    await newcomer.stop()
  })

  it("PR6: a session is remembered for as long as anything of it could pass", async () => {
    const { bob, alice, meetingId } = scene
    let shiftMs = 0
    const clock = { nowMs: () => Date.now() + shiftMs }
    const patient = await openOnlooker({ ...alice.client, clock }, meetingId)
    // Of a clock that is ahead: it can come back for two minutes.
    const early = await sealedBy(bob, { timeMs: Date.now() + 55_000 })
    expect(await outcome(early, patient)).to.equal("taken")
    for (const byMs of [50_000, 50_000, 10_000]) {
      shiftMs += byMs
      expect(await outcome(early, patient)).to.equal("replayed")
    }
    shiftMs = 0
    await patient.stop()
  })

  it("PR4: what was said in another meeting or epoch does not open, and sealed anew it is signed for elsewhere", async () => {
    const { alice, bob, meetingId } = scene
    const other = await createMeeting(alice.client, "Elsewhere")
    await admit(alice, carol, other)
    const [here, there] = [await readMeeting(carol.client, meetingId), await readMeeting(carol.client, other)]
    const elsewhere = await sealedBy(carol, { meetingHash: there.meetingHash }, there)
    expect(await outcome(elsewhere)).to.equal("cannot-open")
    expect(await outcome(resealed(elsewhere, there, here))).to.equal("bad-signature")

    const before = await readMeeting(bob.client, meetingId)
    const old = await sealedBy(bob, {}, before)
    await rekeyMeeting(alice.client, meetingId)
    const after = await readMeeting(bob.client, meetingId)
    nudge(after)
    await watcher.reaches(after.current.keys.epoch)
    expect(await outcome(await sealedBy(carol, {}, after))).to.equal("taken")
    expect(await outcome(old)).to.equal("cannot-open")
    expect(await outcome(resealed(old, before, after))).to.equal("bad-signature")
  })

  it("PR5: nobody is made to say what another device signed", async () => {
    const { bob, alice } = scene
    const authorGenesisHash = bob.client.state.current.secrets.genesisHash
    expect(await outcome(await sealedBy(carol))).to.equal("taken")
    expect(await outcome(await sealedBy(carol, { authorGenesisHash }))).to.equal("not-authorised")
    // The device that is named is Bob's, the signature Carol's.
    const asBob: Signer = {
      publicKey: deviceSigner(bob.client.state.current.secrets).publicKey,
      sign: (message) => deviceSigner(carol.client.state.current.secrets).sign(message),
    }
    expect(await outcome(await sealedBy(carol, { authorGenesisHash, by: asBob }))).to.equal("bad-signature")
    const stranger = await scene.newClient("A stranger's phone")
    const log = await readMeeting(alice.client, scene.meetingId)
    expect(await outcome(await sealedBy(stranger, {}, log))).to.equal("not-authorised")
  })

  it("PR5: a head that nobody knows is asked for once, and a device that was added since is taken by that", async () => {
    const { bob, liar, service, meetingId } = scene
    const authorGenesisHash = bob.client.state.current.secrets.genesisHash
    const tablet = await recoverClient({ url: liar.url, folder: service.folder }, bob.recoveryPhrase, "Bob's tablet")
    const log = await readMeeting(bob.client, meetingId)
    const [taken, refused] = [watcher.said.length, watcher.refused.length]
    liar.asked()
    tell(await sealedBy(tablet, {}, log))
    // Refused, and judged again once the chain is there.
    await until(() => Promise.resolve(watcher.said.length === taken + 1), "the device that was added")
    expect(watcher.refused.slice(refused)).to.deep.equal(["not-authorised"])
    expect(await outcome(await sealedBy(tablet, {}, log))).to.equal("taken")
    for (let lie = 0; lie < 20; lie++) {
      const claim = { authorGenesisHash, authorChainHead: random(32) }
      expect(await outcome(await sealedBy(carol, claim, log))).to.equal("not-authorised")
    }
    const asked = liar.asked().map(({ method, path }) => `${method} ${path}`)
    expect(asked).to.deep.equal([`GET /v1/accounts/${idOf(bob.client)}/chain`])

    await revokeDevices(bob.client, [whoAmI(tablet.client).deviceId])
    await rekeyPending(bob.client)
    const after = await readMeeting(bob.client, meetingId)
    nudge(after)
    await watcher.reaches(after.current.keys.epoch)
    expect(await outcome(await sealedBy(bob, {}, after))).to.equal("taken")
    // With the new epoch's key, from somebody who has it.
    const { headHash } = log.memberChains.find(({ genesisHash }) => equalBytes(genesisHash, authorGenesisHash))!
    for (const claim of [{}, { authorChainHead: headHash }])
      expect(await outcome(await sealedBy(tablet, claim, after))).to.equal("not-authorised")
    await tablet.close()
  })

  it("PR5, PR7: who was removed is not here any more, and says nothing, even with the new epoch's key", async () => {
    const { alice, bob, meetingId } = scene
    const before = await readMeeting(bob.client, meetingId)
    for (const person of [bob, carol]) expect(await outcome(await sealedBy(person, {}, before))).to.equal("taken")
    await watcher.sees(bob.client, carol.client)
    await removeMember(alice.client, meetingId, whoAmI(bob.client).accountId)
    const after = await readMeeting(carol.client, meetingId)
    nudge(after)
    await watcher.reaches(after.current.keys.epoch)
    await watcher.sees(carol.client)
    expect(await outcome(await sealedBy(carol, {}, after))).to.equal("taken")
    expect(await outcome(await sealedBy(bob, {}, before))).to.equal("cannot-open")
    expect(await outcome(await sealedBy(bob, { authorChainHead: headOf(before, bob.client) }, after))).to.equal(
      "not-authorised",
    )
    await watcher.sees(carol.client)
  })

  it("PR3, PR4, PR8: what the server makes up is dropped, a flood of it costs bounded work, and what is true is taken behind it", async () => {
    const log = await readMeeting(carol.client, scene.meetingId)
    const { secrets } = carol.client.state.current
    expect(await outcome(await sealedBy(carol, {}, log))).to.equal("taken")
    for (const word of [null, "here", {}, { sealed: "A" }, { sealed: toBase64Url(random(PRESENCE_BYTES + 1)) }])
      io.of(LIVE_NAMESPACES.meeting).emit("said", word)
    const statement = encodePresence({
      meetingHash: log.meetingHash,
      epoch: log.current.keys.epoch,
      authorGenesisHash: secrets.genesisHash,
      authorChainHead: headOf(log, carol.client),
      deviceKey: deviceSigner(secrets).publicKey,
      session: random(16),
      counter: 0,
      timeMs: Date.now(),
      type: "here",
      body: new Uint8Array(0),
    })
    const sign = (bytes: Uint8Array): Uint8Array => {
      const envelope = makeEnvelope(LABELS.signPresence, deviceSigner(secrets), bytes)
      return sealRecord(placeOf(log), padTo(envelope, PRESENCE_PLAINTEXT_BYTES), random)
    }
    expect(await outcome(sign(random(40)))).to.equal("malformed")
    expect(
      await outcome(sign(concatBytes(statement.subarray(0, 1), Uint8Array.of(2), statement.subarray(2)))),
    ).to.equal("unsupported-version")
    expect(await outcome(sign(statement))).to.equal("taken")

    watcher.refused.length = 0
    const from = performance.now()
    for (let lie = 0; lie < LIES; lie++) {
      tell(random(PRESENCE_BYTES))
      if (lie % 100 === 0) await delay(1)
    }
    await until(() => Promise.resolve(watcher.refused.length > HEARD_PER_SECOND / 2), "the flood")
    await delay(1_100)
    const windows = Math.ceil((performance.now() - from) / 1_000) + 1
    expect(new Set(watcher.refused)).to.deep.equal(new Set(["cannot-open"]))
    expect(watcher.refused.length).to.be.lessThan(Math.min(LIES, windows * HEARD_PER_SECOND + 1))
    await until(async () => (await outcome(await sealedBy(carol, {}, log))) === "taken", "what is true")
  })

  it("PR6: of one device's sessions no more are remembered than there is room for, and no other's suffer by that", async () => {
    const log = await readMeeting(carol.client, scene.meetingId)
    const [said, refused] = [watcher.said.length, watcher.refused.length]
    for (let session = 0; session < 70; session++) tell(await sealedBy(carol, {}, log))
    const came = (): number => watcher.said.length - said + watcher.refused.length - refused
    await until(() => Promise.resolve(came() === 70), "all of them")
    expect(new Set(watcher.refused.slice(refused))).to.deep.equal(new Set(["rate-limited"]))
    expect(await outcome(await sealedBy(scene.alice))).to.equal("taken")
    await watcher.sees(scene.alice.client, carol.client)
  })
})
