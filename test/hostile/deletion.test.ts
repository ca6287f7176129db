import { randomBytes } from "node:crypto"
import { expect } from "chai"
import { formatId } from "../../shared/protocol/ids.js"
import type { Client } from "../../client/sdk/client.js"
import {
  createMeeting,
  deleteMeeting,
  deleteRecording,
  findRecording,
  type MeetingId,
  readAsset,
  readMeeting,
  readStorage,
  setRetention,
  setRole,
  uploadRecording,
  whoAmI,
} from "../../client/sdk/index.js"
import { adminCapability } from "../../client/sdk/meeting-events.js"
import { currentCapability } from "../../client/sdk/meetings.js"
import { random } from "../support/people.js"
import type { TestClient } from "../support/sdk/clients.js"
import { readAll } from "../support/sdk/sources.js"
import { admit, expectRefused, json, openScene, refusal, say, type Scene } from "./support.js"

/** SPEC.md §7.4, §15: what a server says of deletions, and what members say who may not. */
describe("deletion, by a server that lies and members who may not", function () {
  this.timeout(60_000)
  let scene: Scene
  let alice: TestClient
  let bob: TestClient
  let meetingId: MeetingId

  before(async () => {
    scene = await openScene()
    ;({ alice, bob } = scene)
  })
  after(() => scene.close())
  beforeEach(async () => {
    meetingId = await createMeeting(alice.client, "Deletion")
    await admit(alice, bob, meetingId)
  })

  type Upload = Awaited<ReturnType<typeof uploadRecording>>
  const upload = async (by = alice): Promise<Upload> => await scene.upload(randomBytes(1_000), by, meetingId)
  const open = async ({ client }: TestClient, { recordingId }: Upload): Promise<Buffer> => {
    const found = await findRecording(client, recordingId)
    return await readAll(readAsset(client, found, found.media))
  }
  const fatesOf = async ({ client }: TestClient) =>
    (await readStorage(client, meetingId)).recordings.map(({ fate, isStillKept }) => [fate, isStillKept])

  /** What the server itself answers to whoever asks with this right. */
  async function ask(
    client: Client,
    method: "DELETE" | "PUT",
    path: string,
    token: Uint8Array,
    days?: number,
  ): Promise<string> {
    const request = { method, path, token, subject: "test", ...(days === undefined ? {} : { json: { days } }) }
    return (await refusal(async () => await client.http.send(request)))[0]
  }

  it("a recording that the server hides is missing, not deleted, whatever code it says that with (D6)", async () => {
    const uploaded = await upload()
    const [recording] = (await readMeeting(bob.client, meetingId)).recordings
    const id = formatId("asset", recording!.fields.assets[0]!.header.assetId)
    for (const code of ["gone", "not-found"])
      await expectRefused(
        scene,
        {
          path: new RegExp(`/assets/${id}/`),
          tell: (answer) => ({
            ...answer,
            status: code === "gone" ? 410 : 404,
            body: Buffer.from(
              JSON.stringify({ type: "t", title: "t", status: 410, detail: "deleted", code, retryable: false }),
            ),
          }),
        },
        async () => await open(bob, uploaded),
        ["not-found", undefined],
      )
    const hiding = scene.liar.lie({ path: /\/assets$/, tell: json((page: object) => ({ ...page, assets: [] })) })
    expect(await fatesOf(bob)).to.deep.equal([["missing", false]])
    hiding.stop()
    const marking = scene.liar.lie({
      path: /\/assets$/,
      tell: json<{ assets: readonly object[] }>((page) => ({
        ...page,
        assets: page.assets.map((asset) => ({ ...asset, purgeDay: 1 })),
      })),
    })
    expect(await fatesOf(bob)).to.deep.equal([["missing", false]])
    marking.stop()
    expect([hiding.delivered(), marking.delivered()]).to.deep.equal([1, 1])
    expect(await fatesOf(bob)).to.deep.equal([["kept", false]])
  })

  it("a server that says it deleted, and serves on: nobody opens it, and that it is kept is shown (D5)", async () => {
    const uploaded = await upload()
    await open(bob, uploaded)
    // It says yes, and does nothing.
    const idle = { ...alice.client, http: Object.create(alice.client.http) as typeof alice.client.http }
    idle.http.json = async (schema, options) =>
      options.method === "DELETE" ? schema.parse({ purgeDay: 20_000 }) : await alice.client.http.json(schema, options)
    expect((await deleteRecording(idle, uploaded.recordingId)).purgeDay).to.equal(20_000)
    scene.liar.asked()
    expect(await refusal(() => open(bob, uploaded))).to.deep.equal(["gone", undefined])
    expect(scene.liar.asked().filter(({ path }) => path.includes("/stream"))).to.deep.equal([])
    expect(await fatesOf(bob)).to.deep.equal([["withdrawn", true]])
    await deleteRecording(alice.client, uploaded.recordingId)
    expect(await fatesOf(bob)).to.deep.equal([["withdrawn", false]])
  })

  it("a withdrawal, deletion or retention by a member is void for everybody, and the server takes none of it", async () => {
    const uploaded = await upload()
    const { recordingId } = uploaded
    await say(bob, meetingId, { type: "withdrawal", recordingId })
    await say(bob, meetingId, { type: "recording-title", recordingId, title: "Mine" })
    await say(bob, meetingId, { type: "deletion" })
    await say(bob, meetingId, { type: "retention", days: 1 })
    for (const reader of [alice, bob]) {
      const { voids, standing } = await readMeeting(reader.client, meetingId)
      expect(voids.map(({ code }) => code)).to.deep.equal(Array.from({ length: 4 }, () => "not-authorised"))
      expect([standing.deletion, standing.retention]).to.deep.equal([null, null])
      expect(await open(reader, uploaded)).to.have.length(1_000)
      expect((await findRecording(reader.client, recordingId)).details.title).to.equal("R")
    }
    const log = await readMeeting(bob.client, meetingId)
    const meeting = `/v1/meetings/${formatId("meeting", meetingId)}`
    const asset = formatId("asset", log.recordings[0]!.fields.assets[0]!.header.assetId)
    await bob.client.tokens.with(bob.client.http, currentCapability(log), async (token) => {
      for (const [method, path, days] of [
        ["DELETE", `${meeting}/assets/${asset}`],
        ["DELETE", meeting],
        ["PUT", `${meeting}/retention`, 1],
      ] as const)
        expect(await ask(bob.client, method, path, token, days), path).to.equal("forbidden")
      return Promise.resolve()
    })
    expect(await ask(bob.client, "DELETE", `${meeting}/assets/${asset}`, random(32))).to.equal("unauthenticated")
    expect(await fatesOf(alice)).to.deep.equal([["kept", false]])
  })

  it("an admin who was demoted deletes nothing any more, by its old key or a token that it kept", async () => {
    await upload()
    await setRole(alice.client, meetingId, whoAmI(bob.client).accountId, "admin")
    const asAdmin = await readMeeting(bob.client, meetingId)
    const capability = adminCapability(meetingId, asAdmin.adminSeed!, asAdmin.current.keys.epoch)
    const meeting = `/v1/meetings/${formatId("meeting", meetingId)}`
    const asset = formatId("asset", asAdmin.recordings[0]!.fields.assets[0]!.header.assetId)
    let kept: Uint8Array = new Uint8Array(0)
    await bob.client.tokens.with(bob.client.http, capability, (token) => Promise.resolve((kept = token)))
    await setRole(alice.client, meetingId, whoAmI(bob.client).accountId, "member")
    for (const path of [`${meeting}/assets/${asset}`, meeting])
      expect(await ask(bob.client, "DELETE", path, kept)).to.equal("forbidden")
    const anew = { ...bob.again() }
    expect(await refusal(() => anew.tokens.with(anew.http, capability, () => Promise.resolve()))).to.deep.equal([
      "forbidden",
      undefined,
    ])
    expect(await refusal(() => deleteMeeting(bob.client, meetingId))).to.deep.equal(["not-authorised", undefined])
    expect(await fatesOf(alice)).to.deep.equal([["kept", false]])
  })

  it("a retention or a deletion that the server makes up, or hides, is seen against the log (D7)", async () => {
    await upload()
    await setRetention(alice.client, meetingId, 90)
    const lying = scene.liar.lie({
      path: new RegExp(`${formatId("meeting", meetingId)}$`),
      tell: json((keeping: object) => ({ ...keeping, retentionDays: 1, purgeDay: 20_000 })),
    })
    const { log, keeping } = await readStorage(bob.client, meetingId)
    lying.stop()
    expect([log.standing.retention?.days, log.standing.deletion]).to.deep.equal([90, null])
    expect([keeping.retentionDays, keeping.purgeDay]).to.deep.equal([1, 20_000])
    // Deleted sooner than the stated days, a recording is missing.
    const hiding = scene.liar.lie({ path: /\/assets$/, tell: json((page: object) => ({ ...page, assets: [] })) })
    expect(await fatesOf(bob)).to.deep.equal([["missing", false]])
    const later = { ...bob, client: { ...bob.again(), clock: { nowMs: () => Date.now() + 91 * 86_400_000 } } }
    expect(await fatesOf(later)).to.deep.equal([["outlived", false]])
    hiding.stop()
    expect([lying.delivered(), hiding.delivered()]).to.deep.equal([1, 2])
    const told = await expectGone()
    expect(told).to.include("nothing that this device saw")
  })

  /** What is said where the server calls the meeting deleted. */
  async function expectGone(): Promise<string> {
    const problem = { type: "t", title: "t", status: 410, detail: "deleted", code: "gone", retryable: false }
    const lie = scene.liar.lie({
      path: /\/events|\/challenges/,
      tell: (answer) => ({ ...answer, status: 410, body: Buffer.from(JSON.stringify(problem)) }),
    })
    const error = await readMeeting(bob.again(), meetingId).catch((refused: unknown) => refused)
    lie.stop()
    expect(lie.delivered()).to.be.greaterThan(0)
    expect(error).to.have.property("code", "gone")
    return error instanceof Error ? error.message : ""
  }

  it("a list of assets that goes round in circles, or is of another form, ends", async () => {
    await upload()
    const [recording] = (await readMeeting(bob.client, meetingId)).recordings
    const again = formatId("asset", recording!.fields.assets[0]!.header.assetId)
    for (const tell of [
      json((page: object) => ({ ...page, next: again })),
      json((page: object) => ({ ...page, assets: [{ asset: again, sizeBytes: -1, storedDay: 1, purgeDay: null }] })),
    ])
      await expectRefused(
        scene,
        { path: /\/assets(\?after=.*)?$/, tell },
        async () => await readStorage(bob.client, meetingId),
        ["malformed", undefined],
      )
  })
})
