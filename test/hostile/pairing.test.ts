import { expect } from "chai"
import {
  adoptKeyring,
  approveDevice,
  beginPairing,
  completePairing,
  createMeeting,
  Http,
  isArchiveError,
  listDevices,
  readMeeting,
  readPairing,
  renameDevice,
  whoAmI,
} from "../../client/sdk/index.js"
import { deviceSigner, makeDevice, newestUserSeed, publicKeysOf } from "../../client/crypto/account-keys.js"
import { prepareAddDevice } from "../../client/crypto/account-links.js"
import { pairingIdOf, parsePairingCode, sealOffer, sealRequest } from "../../client/crypto/pairing.js"
import { refreshKeys } from "../../client/sdk/links.js"
import { toBase64Url } from "../../shared/protocol/bytes.js"
import { formatId } from "../../shared/protocol/ids.js"
import { random } from "../support/people.js"
import { linkClient, type TestClient } from "../support/sdk/clients.js"
import { json, openScene, refusal, type Scene } from "./support.js"

const POLL = { pollMs: 20 }

/** Two devices that know nothing of each other but a code, and meet at a server. */
describe("pairing by a server that lies", function () {
  this.timeout(60_000)
  let scene: Scene
  let mallory: TestClient
  const opened: TestClient[] = []

  before(async () => {
    scene = await openScene()
    mallory = await scene.newClient("Mallory")
  })
  after(async () => {
    for (const client of opened) await client.close()
    await scene.close()
  })

  const http = (): Http => new Http(scene.liar.url, scene.alice.transport)
  const begin = async () => await beginPairing(http(), { deviceName: "Alice's phone", random })
  const messages = (n: number): RegExp => new RegExp(`/v1/pairings/pairing_[a-z2-7]+/messages/${n}$`)
  const sealedAs = (sealed: Uint8Array) => json<{ sealed: string }>(() => ({ sealed: toBase64Url(sealed) }))
  const devices = async (): Promise<number> => (await listDevices(scene.alice.client)).length

  /** Both sides at once; the refusal of the one that is asked about, and the other is ended. */
  async function pair(approver: TestClient = scene.alice) {
    const begun = await begin()
    const ending = new AbortController()
    const options = { ...POLL, signal: ending.signal }
    const codeOf = async (work: Promise<unknown>): Promise<string> => {
      try {
        await work
        return "done"
      } catch (error) {
        if (!isArchiveError(error)) throw error
        if (error.code !== "interrupted") ending.abort()
        return error.code
      }
    }
    const approve = async (): Promise<void> => {
      await approveDevice(approver.client, await readPairing(approver.client, begun.code), options)
    }
    const [linked, approved] = await Promise.all([
      codeOf(completePairing(http(), begun, { ...options, random })),
      codeOf(approve()),
    ])
    return { linked, approved }
  }

  it("without a lie: the device opens what the account opens, and is one of it", async () => {
    const meetingId = await createMeeting(scene.alice.client, "Before the phone")
    const before = await devices()
    const phone = await linkClient({ url: scene.liar.url, folder: scene.alice.home }, scene.alice.client, "Phone")
    opened.push(phone)
    await adoptKeyring(phone.client)
    expect((await readMeeting(phone.client, meetingId)).current.title).to.equal("Before the phone")
    expect(whoAmI(phone.client).accountId).to.deep.equal(whoAmI(scene.alice.client).accountId)
    expect(await devices()).to.equal(before + 1)
  })

  it("goes on where the account changes meanwhile, and where approving was interrupted", async () => {
    const begun = await begin()
    const requested = await readPairing(scene.alice.client, begun.code)
    const ending = new AbortController()
    const interrupted = refusal(() => approveDevice(scene.alice.client, requested, { ...POLL, signal: ending.signal }))
    await untilOffered(begun.code)
    ending.abort()
    expect((await interrupted)[0]).to.equal("interrupted")
    const linking = completePairing(http(), begun, { ...POLL, random })
    // The new device has countersigned what nobody can finish any more; then it is offered another link, and another device's comes first.
    const approving = approveDevice(scene.alice.client, requested, POLL)
    await untilOffered(begun.code, 3)
    await renameDevice(scene.alice.again(), whoAmI(scene.alice.client).deviceId, "Renamed meanwhile")
    const [state, deviceId] = await Promise.all([linking, approving])
    expect(state.pins[0]?.seq).to.be.greaterThan(1)
    expect((await listDevices(scene.alice.client)).map(({ deviceId: id }) => id)).to.deep.include(deviceId)
  })

  it("P1: keys of its own in the place of the device's are refused, and it is added nowhere", async () => {
    const before = await devices()
    const begun = await begin()
    const forged = sealRequest(begun.secret, { ...publicKeysOf(makeDevice(random)), name: "Alice's phone" }, random)
    const told = scene.liar.lie({ path: messages(0), method: "GET", tell: sealedAs(forged) })
    expect((await refusal(() => readPairing(scene.alice.client, begun.code)))[0]).to.equal("not-authorised")
    told.stop()
    expect(told.delivered()).to.equal(1)
    expect((await readPairing(scene.alice.client, begun.code)).request.name).to.equal("Alice's phone")
    expect(await devices()).to.equal(before)
  })

  it("P2: a message that it makes itself opens for neither side", async () => {
    const before = await devices()
    for (const [n, side] of [
      [0, "approved"],
      [1, "linked"],
      [2, "approved"],
    ] as const) {
      const told = scene.liar.lie({ path: messages(n), method: "GET", tell: sealedAs(random(4_000)) })
      expect((await pair())[side], `message ${n}`).to.equal("cannot-open")
      told.stop()
      expect(told.delivered()).to.be.greaterThan(0)
    }
    expect(await devices()).to.equal(before)
  })

  it("P3: a chain without the newest link, or another account's, is refused", async () => {
    const own = formatId("account", whoAmI(scene.alice.client).accountId)
    const other = formatId("account", whoAmI(mallory.client).accountId)
    const chainOf = async (account: string): Promise<Buffer> =>
      Buffer.from(await (await fetch(`${scene.service.url}/v1/accounts/${account}/chain`)).arrayBuffer())
    const before = await chainOf(own)
    await renameDevice(scene.alice.client, whoAmI(scene.alice.client).deviceId, "Renamed")
    for (const served of [before, await chainOf(other)]) {
      const begun = await begin()
      // Alice's own device has seen more: the lie is told to the new one alone.
      const approving = readPairing(scene.alice.client, begun.code).then(
        async (requested) => await approveDevice(scene.alice.client, requested, POLL),
      )
      const ended = approving.then(
        () => "done",
        (error: unknown) => (isArchiveError(error) ? error.code : "thrown"),
      )
      await untilOffered(begun.code)
      const told = scene.liar.lie({ path: new RegExp(`${own}/chain$`), tell: () => served })
      expect((await refusal(() => completePairing(http(), begun, { ...POLL, random })))[0]).to.equal("fork")
      told.stop()
      expect(told.delivered()).to.equal(1)
      // The person shows another code; the first one is answered by nobody.
      await completePairing(http(), begun, { ...POLL, random })
      expect(await ended).to.equal("done")
    }
  })

  /** Until the account's device has left its offer. */
  async function untilOffered(code: string, n = 1): Promise<void> {
    const path = `/v1/pairings/${formatId("pairing", pairingIdOf(parsePairingCode(code).secret))}/messages/${n}`
    while (!scene.liar.asked().some((asked) => asked.method === "POST" && asked.path === path))
      await new Promise((resolve) => setTimeout(resolve, 5))
  }

  it("P4: who has seen the code offers another link than one that adds this device: refused", async () => {
    const { client } = mallory
    const chain = await refreshKeys(client)
    const { secrets, instanceKey } = client.state.current
    const other = publicKeysOf(makeDevice(random))
    const made = prepareAddDevice(
      chain,
      deviceSigner(secrets),
      newestUserSeed(secrets),
      { keys: other, name: "Another" },
      { nowMs: 0, random },
    )
    const begun = await begin()
    const offer = {
      genesisHash: chain.genesisHash,
      chain: { seq: 0, headHash: chain.headHash },
      keyring: { count: 0, hash: new Uint8Array(32) },
      instanceKey,
      linkStatement: made.statement,
    }
    const told = scene.liar.lie({
      path: messages(1),
      method: "GET",
      tell: (answer) => ({
        ...answer,
        status: 200,
        body: Buffer.from(JSON.stringify({ sealed: toBase64Url(sealOffer(begun.secret, 1, offer, random)) })),
      }),
    })
    expect((await refusal(() => completePairing(http(), begun, { ...POLL, random })))[0]).to.equal("bad-chain")
    told.stop()
    expect(told.delivered()).to.equal(1)
  })

  it("P5: a server under another name than the account's device knows is refused", async () => {
    const begun = await begin()
    const told = { ...begun, instanceKey: random(32) }
    const approving = readPairing(scene.alice.client, begun.code).then(
      async (requested) => await approveDevice(scene.alice.client, requested, POLL),
    )
    expect((await refusal(() => completePairing(http(), told, { ...POLL, random })))[0]).to.equal("instance-changed")
    await completePairing(http(), begun, { ...POLL, random })
    await approving
  })

  it("P6: a keyring that is older than the account's device knows is refused", async () => {
    await createMeeting(scene.alice.client, "In the keyring")
    const phone = await linkClient({ url: scene.liar.url, folder: scene.alice.home }, scene.alice.client, "Phone")
    opened.push(phone)
    const told = scene.liar.lie({
      path: /\/keyring\?from=0$/,
      tell: json<{ records: readonly string[] }>((page) => ({ ...page, records: page.records.slice(0, -1) })),
    })
    expect((await refusal(() => adoptKeyring(phone.client)))[0]).to.equal("rollback")
    told.stop()
    expect(told.delivered()).to.equal(1)
    expect(phone.client.state.current.meetings).to.deep.equal([])
    await adoptKeyring(phone.client)
    expect(phone.client.state.current.meetings).not.to.deep.equal([])
  })
})
