import { randomBytes } from "node:crypto"
import { mkdtemp } from "node:fs/promises"
import path from "node:path"
import { expect } from "chai"
import {
  acceptInvitation,
  addMember,
  type AssetSource,
  consentOf,
  createMeeting,
  deleteRecording,
  giveConsent,
  isArchiveError,
  listInvitations,
  type MeetingId,
  openJournalFolder,
  readMeeting,
  type RecordingId,
  uploadRecording,
  waitingForConsent,
  whoAmI,
  withdrawConsent,
} from "../../../client/sdk/index.js"
import { equalBytes } from "../../../shared/protocol/bytes.js"
import { type Service, startClient, startService, type TestClient } from "../../support/sdk/clients.js"
import { bytesSource, onceSource } from "../../support/sdk/sources.js"

describe("SDK: consent", function () {
  this.timeout(60_000)
  let service: Service
  let alice: TestClient
  let bob: TestClient
  let meetingId: MeetingId

  before(async () => {
    service = await startService()
    alice = await startClient(service, "Alice's laptop")
    bob = await startClient(service, "Bob's phone")
    meetingId = await createMeeting(alice.client, "Consent")
    await addMember(alice.client, meetingId, whoAmI(bob.client).accountId)
    const [waiting] = await listInvitations(bob.client)
    await acceptInvitation(bob.client, waiting!)
  })
  after(async () => {
    for (const person of [alice, bob]) await person.close()
    await service.stop()
  })

  const newFolder = async (): Promise<string> => await mkdtemp(path.join(alice.home, "journal-"))
  const read = async ({ client }: TestClient) => await readMeeting(client, meetingId)
  const details = { title: "R", fileName: null, capturedAtMs: null, durationMs: null, prepared: "as-is" as const }

  async function upload(folder: string, source: AssetSource, endAt?: string): Promise<RecordingId> {
    const failpoint = (name: string): void => {
      if (name === endAt) throw new Error(name)
    }
    const asset = { role: "media" as const, mediaType: () => Promise.resolve("video/webm"), source }
    const [client, journal] = [alice.again({ failpoint }), await openJournalFolder(folder)]
    return (await uploadRecording(client, meetingId, journal, { details, assets: [asset] })).recordingId
  }

  async function answersTo(recordingId: RecordingId): Promise<readonly (string | undefined)[]> {
    const page = consentOf(await read(alice), recordingId)
    return [alice, bob].map(
      ({ client }) =>
        page?.members?.find(({ genesisHash }) => equalBytes(genesisHash, client.state.current.secrets.genesisHash))
          ?.state,
    )
  }

  it("a live source is announced before its first byte is read, agreed to while it runs, and shown so", async () => {
    const source = onceSource(randomBytes(1_000))
    let announced = 0
    const opening: AssetSource = {
      ...source,
      open: async () => {
        const log = await read(bob)
        announced = log.captures.length
        expect(waitingForConsent(bob.client, log).map(({ recording }) => recording)).to.deep.equal([null])
        await giveConsent(bob.client, log.captures[0]!.recordingId)
        return await source.open()
      },
    }
    const recordingId = await upload(await newFolder(), opening)
    expect(announced).to.equal(1)
    const page = consentOf(await read(bob), recordingId)
    expect(page?.capture?.seq).to.be.lessThan(page?.recording?.seq ?? 0)
    expect(page?.recording?.fields.assets[0]?.mediaType).to.equal("video/webm")
    expect(await answersTo(recordingId)).to.deep.equal(["unanswered", "agreed"])
    await withdrawConsent(bob.client, recordingId)
    await withdrawConsent(bob.client, recordingId)
    expect(await answersTo(recordingId)).to.deep.equal(["unanswered", "withdrawn"])
    expect((await read(bob)).answers).to.have.length(2)
  })

  it("CO6: what is gone on with is announced once, and another stream under a new header is not", async () => {
    const [folder, bytes, before] = [await newFolder(), randomBytes(9_000_000), (await read(alice)).captures.length]
    for (const endAt of ["upload.announced", "upload.leaves-kept"])
      await upload(folder, onceSource(bytes), endAt).then(
        () => expect.fail("it went on"),
        (error: unknown) => {
          expect(error).to.have.property("message", endAt)
        },
      )
    const other = await upload(folder, onceSource(randomBytes(9_000_000)))
    const log = await read(alice)
    expect(log.captures).to.have.length(before + 1)
    expect(consentOf(log, other)).to.include({ capture: null, isOtherwiseNamed: false })
    const file = await newFolder()
    await upload(file, onceSource(bytes), "upload.announced").catch(() => undefined)
    const same = await upload(file, onceSource(bytes))
    expect((await read(alice)).captures).to.have.length(before + 2)
    expect(consentOf(await read(alice), same)?.capture).to.not.equal(null)
  })

  it("a file is not announced; it is agreed to when it is published, and not when it was deleted", async () => {
    const before = (await read(alice)).captures.length
    const recordingId = await upload(await newFolder(), bytesSource(randomBytes(1_000)))
    expect((await read(alice)).captures).to.have.length(before)
    await giveConsent(bob.client, recordingId)
    expect(await answersTo(recordingId)).to.deep.equal(["unanswered", "agreed"])
    await deleteRecording(alice.client, recordingId)
    const refused = await withdrawConsent(bob.client, recordingId).catch((error: unknown) => error)
    expect(isArchiveError(refused) && refused.code).to.equal("gone")
  })
})
