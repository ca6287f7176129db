import { randomBytes } from "node:crypto"
import { mkdtemp } from "node:fs/promises"
import path from "node:path"
import { expect } from "chai"
import {
  acceptInvitation,
  addMember,
  adoptKeyring,
  checkPhrase,
  type Client,
  createMeeting,
  findRecording,
  isArchiveError,
  listDevices,
  listInvitations,
  type MeetingId,
  openJournalFolder,
  readAsset,
  readKeyring,
  readMeeting,
  type RecordingId,
  refreshKeys,
  rekeyPending,
  renameDevice,
  replacePhrase,
  revokeDevices,
  setPolicy,
  uploadRecording,
  whoAmI,
} from "../../../client/sdk/index.js"
import { bytesSource, readAll } from "../../support/sdk/sources.js"
import { recoverClient, type Service, startClient, startService, type TestClient } from "../../support/sdk/clients.js"

describe("SDK: an account's devices", function () {
  this.timeout(60_000)
  let service: Service
  let bob: TestClient
  const opened: TestClient[] = []

  before(async () => {
    service = await startService()
    bob = await open(startClient(service, "Bob's phone"))
  })
  after(async () => {
    await Promise.all(
      opened.map(async (client) => {
        await client.close()
      }),
    )
    await service.stop()
  })

  async function open(client: Promise<TestClient>): Promise<TestClient> {
    opened.push(await client)
    return await client
  }

  /** Alice with a laptop, a phone that was added by her recovery phrase, and a meeting with Bob. */
  async function twoDevices(): Promise<{ laptop: TestClient; phone: TestClient; meetingId: MeetingId }> {
    const laptop = await open(startClient(service, "Alice's laptop"))
    const meetingId = await createMeeting(laptop.client, "Of many devices")
    await addMember(laptop.client, meetingId, whoAmI(bob.client).accountId)
    const [waiting] = await listInvitations(bob.client)
    await acceptInvitation(bob.client, waiting!)
    const phone = await open(recoverClient(service, laptop.recoveryPhrase, "Alice's phone"))
    await adoptKeyring(phone.client)
    return { laptop, phone, meetingId }
  }

  async function upload(by: Client, meetingId: MeetingId): Promise<RecordingId> {
    const details = { title: "R", fileName: null, capturedAtMs: null, durationMs: null, prepared: "as-is" as const }
    const journal = await openJournalFolder(await mkdtemp(path.join(service.folder, "journal-")))
    const asset = { role: "media" as const, mediaType: "video/mp4", source: bytesSource(randomBytes(1_000)) }
    return (await uploadRecording(by, meetingId, journal, { details, assets: [asset] })).recordingId
  }

  async function opens({ client }: TestClient, recordingId: RecordingId): Promise<boolean> {
    try {
      const found = await findRecording(client, recordingId)
      return (await readAll(readAsset(client, found, found.media))).length === 1_000
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

  const namesOf = async ({ client }: TestClient) =>
    (await listDevices(client)).map(({ name, isThis }) => (isThis ? `${name ?? "?"}, this` : name))

  const generationsOf = ({ client }: TestClient) =>
    client.state.current.secrets.userSeeds.map(({ generation }) => generation)

  it("the 24 words on a clean machine open everything that the account could open", async () => {
    const { laptop, phone, meetingId } = await twoDevices()
    const recording = await upload(bob.client, meetingId)
    expect(whoAmI(phone.client).accountId).to.deep.equal(whoAmI(laptop.client).accountId)
    expect(await opens(phone, recording)).to.equal(true)
    expect(await namesOf(phone)).to.deep.equal(["Alice's laptop", "Alice's phone, this"])
    expect((await readMeeting(phone.client, meetingId)).adminSeed).to.not.equal(null)
    const byPhone = await upload(phone.client, meetingId)
    expect([await opens(laptop, byPhone), await opens(bob, byPhone)]).to.deep.equal([true, true])
  })

  it("what one device makes or joins, the others have too", async () => {
    const { laptop, phone } = await twoDevices()
    const made = await createMeeting(phone.client, "Made on the phone")
    expect((await readMeeting(laptop.client, made)).current.title).to.equal("Made on the phone")
    await adoptKeyring(laptop.client)
    expect(laptop.client.state.current.meetings).to.have.length(2)
  })

  it("are renamed by one another, for all of them", async () => {
    const { laptop, phone } = await twoDevices()
    const [first] = await listDevices(phone.client)
    await renameDevice(phone.client, first!.deviceId, "The old laptop")
    expect(await namesOf(laptop)).to.deep.equal(["The old laptop, this", "Alice's phone"])
    expect(await refusal(() => renameDevice(phone.client, first!.deviceId, "x".repeat(129)))).to.equal("usage")
    expect(await refusal(() => renameDevice(phone.client, whoAmI(bob.client).deviceId, "x"))).to.equal("not-found")
  })

  it("one that is revoked gets nothing more: no session, no keyring, no later epoch", async () => {
    const { laptop, phone, meetingId } = await twoDevices()
    const before = await upload(bob.client, meetingId)
    expect(await opens(laptop, before)).to.equal(true)
    const { rekeyed, failed } = await revokeDevices(phone.client, [whoAmI(laptop.client).deviceId])
    expect([rekeyed, failed]).to.deep.equal([[meetingId], []])
    expect(await refusal(() => refreshKeys(laptop.client))).to.equal("not-authorised")
    expect(await refusal(() => readKeyring(laptop.client))).to.equal("unauthenticated")
    const after = await upload(bob.client, meetingId)
    expect([await opens(phone, after), await opens(bob, after)]).to.deep.equal([true, true])
    expect([await opens(laptop, before), await opens(laptop, after)]).to.deep.equal([false, false])
    expect(await namesOf(phone)).to.deep.equal(["Alice's phone, this"])
    expect((await readKeyring(phone.client)).entries.map(({ type }) => type)).to.deep.equal(["meeting", "pin"])
    expect(await refusal(() => revokeDevices(phone.client, [whoAmI(phone.client).deviceId]))).to.equal("usage")
  })

  it("one that is revoked before the meeting's second epoch is told that it is out, not that events are missing", async () => {
    const laptop = await open(startClient(service, "Alice's laptop"))
    const meetingId = await createMeeting(laptop.client, "Of one epoch")
    await upload(laptop.client, meetingId)
    const phone = await open(recoverClient(service, laptop.recoveryPhrase, "Alice's phone"))
    await adoptKeyring(phone.client)
    await revokeDevices(phone.client, [whoAmI(laptop.client).deviceId])
    expect(await refusal(() => readMeeting(laptop.client, meetingId))).to.equal("not-authorised")
  })

  it("a member who learns of a revocation rekeys before it seals", async () => {
    const { laptop, phone, meetingId } = await twoDevices()
    const noMeetings: Client = { ...phone.client, state: stateWithoutMeetings(phone.client) }
    await revokeDevices(noMeetings, [whoAmI(laptop.client).deviceId])
    const { current, isOutdated } = await readMeeting(bob.client, meetingId)
    expect(isOutdated).to.equal(true)
    const after = await upload(bob.client, meetingId)
    const now = await readMeeting(bob.client, meetingId)
    expect([now.isOutdated, now.current.keys.epoch]).to.deep.equal([false, current.keys.epoch + 1])
    expect([await opens(laptop, after), await opens(bob, after)]).to.deep.equal([false, true])
  })

  it("one that goes on while another revokes a third has the newer key by itself", async () => {
    const { laptop, phone, meetingId } = await twoDevices()
    const lost = await open(recoverClient(service, laptop.recoveryPhrase, "Alice's lost tablet"))
    const { rekeyed } = await revokeDevices(phone.client, [whoAmI(lost.client).deviceId])
    expect(rekeyed).to.deep.equal([meetingId])
    const before = laptop.client.state.current
    expect(generationsOf(laptop)).to.deep.equal([1])
    const byBob = await createMeeting(bob.client, "Of a newer key")
    await addMember(bob.client, byBob, whoAmI(laptop.client).accountId)
    for (const goesOn of [
      async () => expect(await opens(laptop, await upload(bob.client, meetingId))).to.equal(true),
      async () => expect((await readKeyring(laptop.client)).entries.at(-1)?.type).to.equal("pin"),
      async () => expect((await listInvitations(laptop.client))[0]?.invitation?.title).to.equal("Of a newer key"),
      async () => expect(await opens(phone, await upload(laptop.client, meetingId))).to.equal(true),
      async () => expect(await createMeeting(laptop.client, "By an older key")).to.have.length(16),
    ]) {
      await laptop.client.state.update(() => before)
      await goesOn()
      expect(generationsOf(laptop)).to.deep.equal([1, 2])
    }
  })

  it("one that goes on while another has revoked a third, and rekeyed nothing yet, rekeys under the newer key", async () => {
    const { laptop, phone, meetingId } = await twoDevices()
    const lost = await open(recoverClient(service, laptop.recoveryPhrase, "Alice's lost tablet"))
    const noMeetings: Client = { ...phone.client, state: stateWithoutMeetings(phone.client) }
    await revokeDevices(noMeetings, [whoAmI(lost.client).deviceId])
    expect(generationsOf(laptop)).to.deep.equal([1])
    const recording = await upload(laptop.client, meetingId)
    expect(generationsOf(laptop)).to.deep.equal([1, 2])
    expect([await opens(laptop, recording), await opens(phone, recording), await opens(bob, recording)]).to.deep.equal([
      true,
      true,
      true,
    ])
  })

  it("one of an admin loses the admins' key too, also where somebody else made the epochs since", async () => {
    for (const goesOn of ["rekeyPending", "setPolicy"] as const) {
      const { laptop, phone, meetingId } = await twoDevices()
      const dying = phone.again({
        failpoint: (name) => {
          if (name === "device.revoked") throw new Error("killed")
        },
      })
      await revokeDevices(dying, [whoAmI(laptop.client).deviceId]).catch((error: unknown) => {
        if (!(error instanceof Error) || error.message !== "killed") throw error
      })
      await upload(bob.client, meetingId)
      const { adminKey } = (await readMeeting(bob.client, meetingId)).current
      await refreshKeys(phone.client)
      if (goesOn === "rekeyPending")
        expect((await rekeyPending(phone.client)).rekeyed, "rekeyed").to.deep.equal([meetingId])
      else await setPolicy(phone.client, meetingId, "from-join")
      expect((await readMeeting(bob.client, meetingId)).current.adminKey, goesOn).to.not.deep.equal(adminKey)
      expect((await rekeyPending(phone.client)).rekeyed, "rekeyed again").to.deep.equal([])
    }
  })

  it("a meeting that could not be rekeyed is kept in mind, and rekeyed by a later call", async () => {
    for (const point of ["device.rekeys-kept", "device.revoked"] as const) {
      const { laptop, phone, meetingId } = await twoDevices()
      const dying = phone.again({
        failpoint: (name) => {
          if (name === point) throw new Error("killed")
        },
      })
      await revokeDevices(dying, [whoAmI(laptop.client).deviceId]).catch((error: unknown) => {
        if (!(error instanceof Error) || error.message !== "killed") throw error
      })
      expect(phone.client.state.current.pendingRekeys).to.have.length(1)
      await refreshKeys(phone.client)
      const { rekeyed } = await rekeyPending(phone.client)
      expect(rekeyed, point).to.deep.equal(point === "device.revoked" ? [meetingId] : [])
      expect(phone.client.state.current.pendingRekeys).to.deep.equal([])
    }
  })

  it("new words take the place of the old ones, which open nothing more", async () => {
    const laptop = await open(startClient(service, "Alice's laptop"))
    const meetingId = await createMeeting(laptop.client, "Words")
    expect(await checkPhrase(laptop.client, laptop.recoveryPhrase)).to.equal(true)
    expect(await checkPhrase(laptop.client, bob.recoveryPhrase)).to.equal(false)
    let words = ""
    const { rekeyed } = await replacePhrase(laptop.client, async (made) => {
      words = made
      await Promise.resolve()
    })
    expect(rekeyed).to.deep.equal([meetingId])
    expect([
      await checkPhrase(laptop.client, words),
      await checkPhrase(laptop.client, laptop.recoveryPhrase),
    ]).to.deep.equal([true, false])
    expect(await refusal(() => recoverClient(service, laptop.recoveryPhrase, "Thief"))).to.equal("not-found")
    const phone = await open(recoverClient(service, words, "Alice's phone"))
    expect((await readMeeting(phone.client, meetingId)).current.title).to.equal("Words")
    expect(phone.client.state.current.secrets.userSeeds.map(({ generation }) => generation)).to.deep.equal([1, 2])
  })

  it("two that act at once both have their way (L14)", async () => {
    const { laptop, phone } = await twoDevices()
    const [first, second] = await listDevices(phone.client)
    await Promise.all([
      renameDevice(phone.client, first!.deviceId, "One"),
      renameDevice(laptop.client, second!.deviceId, "Two"),
    ])
    expect(await namesOf(laptop)).to.deep.equal(["One, this", "Two"])
  })

  it("no account has more than 20", async () => {
    const laptop = await open(startClient(service, "Alice's laptop"))
    for (let count = 1; count < 20; count++)
      await open(recoverClient(service, laptop.recoveryPhrase, `Device ${count}`))
    expect(await refusal(() => recoverClient(service, laptop.recoveryPhrase, "One too many"))).to.equal("too-large")
    expect(await listDevices(laptop.client)).to.have.length(20)
  })

  function stateWithoutMeetings({ state }: Client): Client["state"] {
    return {
      get current() {
        return { ...state.current, meetings: [] }
      },
      update: async (change) => {
        await state.update((whole) => ({ ...change({ ...whole, meetings: [] }), meetings: whole.meetings }))
      },
    }
  }
})
