import { randomBytes } from "node:crypto"
import { mkdtemp } from "node:fs/promises"
import { join } from "node:path"
import { expect } from "chai"
import {
  findRecording,
  openJournalFolder,
  readAsset,
  readMeeting,
  type RecordingId,
  uploadRecording,
} from "../../client/sdk/index.js"
import { findImported } from "../../client/sdk/imports/find-imported.js"
import { formatId } from "../../shared/protocol/ids.js"
import { encodeImportRecord, IMPORT_MEDIA_TYPE } from "../../shared/protocol/import-record.js"
import type { Answer, AskedRequest, Lie } from "../support/liar.js"
import type { TestClient } from "../support/sdk/clients.js"
import { bytesSource, readAll } from "../support/sdk/sources.js"
import { openScene, refusal, type Scene } from "./support.js"

const FILE_BYTES = 9_000_000

interface Finished {
  readonly receipt?: string
}

describe("an upload to a server that lies", function () {
  this.timeout(60_000)
  let scene: Scene
  let otherReceipt = ""

  before(async () => {
    scene = await openScene()
    const other = await scene.upload(randomBytes(FILE_BYTES))
    otherReceipt = Buffer.from(other.receipt).toString("base64url")
  })
  after(() => scene.close())

  const published = async (): Promise<number> =>
    (await readMeeting(scene.bob.client, scene.meetingId)).recordings.length
  const finishing = (change: (answer: Finished) => Finished): Lie => ({
    path: /\/finish$/,
    tell: ({ body, status }) => {
      const answer = JSON.parse(body.toString("utf8")) as Finished
      return status === 200 && answer.receipt !== undefined ? Buffer.from(JSON.stringify(change(answer))) : null
    },
  })

  for (const [name, change, codes] of [
    ["a receipt for another recording", (answer) => ({ ...answer, receipt: otherReceipt }), ["bad-receipt"]],
    [
      "a receipt whose signature does not fit",
      (answer) => {
        const raw = Buffer.from(answer.receipt ?? "", "base64url")
        raw[40] = (raw[40] ?? 0) ^ 1
        return { ...answer, receipt: raw.toString("base64url") }
      },
      ["bad-receipt", "bad-signature"],
    ],
    [
      "noise for a receipt",
      (answer) => ({ ...answer, receipt: randomBytes(200).toString("base64url") }),
      ["bad-receipt", "malformed"],
    ],
  ] as const satisfies readonly (readonly [string, (answer: Finished) => Finished, readonly string[]])[])
    it(`and gives ${name}: nothing is published (Q2)`, async () => {
      const bytes = randomBytes(FILE_BYTES)
      await scene.upload(bytes)
      const before = await published()
      const told = scene.liar.lie(finishing(change))
      scene.liar.asked()
      const [code] = await refusal(() => scene.upload(bytes))
      told.stop()
      expect(codes).to.include(code)
      expect(told.delivered()).to.be.greaterThan(0)
      expect(
        scene.liar.asked().filter(({ method, path }) => method === "POST" && path.endsWith("/events")),
      ).to.deep.equal([])
      expect(await published()).to.equal(before)
    })

  it("that says it has more than it was sent: nothing is published that it does not have", async () => {
    const bytes = randomBytes(FILE_BYTES)
    await scene.upload(bytes)
    const before = await published()
    const lie: Lie = {
      method: "PATCH",
      path: /\/uploads\//,
      tell: (answer, asked) => ({
        ...answer,
        headers: {
          ...answer.headers,
          "upload-offset": String(Number(asked.headers["upload-offset"]) + 65_536 * 128 * 2),
        },
      }),
    }
    const told = scene.liar.lie(lie)
    expect((await refusal(() => scene.upload(bytes)))[0]).to.equal("malformed")
    told.stop()
    expect(told.delivered()).to.be.greaterThan(0)
    expect(await published()).to.equal(before)
  })

  it("that says that an upload is gone: begins anew under another key, and seals nothing twice", async () => {
    const bytes = randomBytes(FILE_BYTES)
    scene.liar.asked()
    let [refused, heads] = [0, 0]
    const told = scene.liar.lie({
      method: "PATCH",
      path: /\/uploads\//,
      tell: (_answer, asked) => {
        if (asked.headers["upload-offset"] === "0" || ++refused > 1) return null
        const problem = { type: "", title: "", status: 409, detail: "", code: "conflict", retryable: false }
        return {
          status: 409,
          headers: { "content-type": "application/problem+json" },
          body: Buffer.from(JSON.stringify(problem)),
        }
      },
    })
    const gone = scene.liar.lie({
      method: "HEAD",
      path: /\/uploads\//,
      tell: (answer) =>
        answer.status === 200 && refused > 0 && ++heads === 1
          ? { ...answer, headers: { ...answer.headers, "upload-offset": "0" } }
          : null,
    })
    const { recordingId } = await scene.upload(bytes)
    told.stop()
    gone.stop()
    expect([told.delivered(), gone.delivered()]).to.deep.equal([1, 1])
    expect((await readBack(recordingId)).equals(bytes)).to.equal(true)
    expectNothingSealedTwice(scene.liar.asked())
  })

  it("that answers everything late, or with an error that asks to come again: the same bytes again, and no others", async () => {
    const bytes = randomBytes(FILE_BYTES)
    scene.liar.asked()
    let answers = 0
    const told = scene.liar.lie({
      path: /\/uploads/,
      tell: () =>
        // One of three, so that what takes two requests comes to its end.
        ++answers % 3 !== 1
          ? null
          : {
              status: 503,
              headers: { "content-type": "application/problem+json", "retry-after": "0" },
              body: Buffer.from(
                JSON.stringify({ type: "", title: "", status: 503, detail: "", code: "unavailable", retryable: true }),
              ),
            },
    })
    const { recordingId } = await scene.upload(bytes)
    told.stop()
    expect(told.delivered()).to.be.greaterThan(2)
    expect((await readBack(recordingId)).equals(bytes)).to.equal(true)
    expectNothingSealedTwice(scene.liar.asked())
  })

  async function readBack(recordingId: RecordingId): Promise<Buffer> {
    const found = await findRecording(scene.bob.client, recordingId)
    return await readAll(readAsset(scene.bob.client, found, found.media))
  }

  /** Two pieces of one asset at one place are the same bytes. */
  function expectNothingSealedTwice(asked: readonly AskedRequest[]): void {
    const sent = new Map<string, Buffer>()
    for (const { method, path, headers, body } of asked) {
      if (method !== "PATCH") continue
      const place = `${path} ${String(headers["upload-offset"])}`
      expect(sent.get(place)?.equals(body) ?? true, place).to.equal(true)
      sent.set(place, body)
    }
    expect(sent.size).to.be.greaterThan(0)
  }
})

/** SPEC.md §8.1, IM1, IM6: a record of an import that can't be read, or is not true, takes nothing from others. */
describe("imports into a meeting where records of others can't be read, or name what they are not of", function () {
  this.timeout(60_000)
  let scene: Scene

  before(async () => {
    scene = await openScene()
  })
  after(() => scene.close())

  const recordOf = (sha256: Uint8Array): Uint8Array =>
    encodeImportRecord({
      source: "zoom",
      importedAtMs: 1,
      files: [{ name: "a.mp4", sizeBytes: 1, sha256, use: "media" }],
      people: [],
      clock: null,
      lines: [],
    })
  const importInto = async (by: TestClient, record: Uint8Array): Promise<RecordingId> => {
    const journal = await openJournalFolder(await mkdtemp(join(by.home, "journal-")))
    const { recordingId } = await uploadRecording(by.client, scene.meetingId, journal, {
      details: { title: "I", fileName: null, capturedAtMs: null, durationMs: null, prepared: "as-is" },
      assets: [
        { role: "media", mediaType: "video/mp4", source: bytesSource(Buffer.from("media")) },
        { role: "import", mediaType: IMPORT_MEDIA_TYPE, source: bytesSource(record) },
      ],
    })
    return recordingId
  }
  const find = async (sha256: Uint8Array, signal = new AbortController().signal): Promise<RecordingId | null> => {
    const { client } = scene.alice
    return (await findImported(client, await readMeeting(client, scene.meetingId), sha256, signal))?.recordingId ?? null
  }
  const problem = (status: number, code: string, isRetryable: boolean): Answer => ({
    status,
    headers: { "content-type": "application/problem+json", "retry-after": "0" },
    body: Buffer.from(JSON.stringify({ type: "", title: "", status, detail: "", code, retryable: isRetryable })),
  })

  it("a record that is malformed, damaged, gone or withheld counts as none: others are found, and what is new is new", async () => {
    const [lost, kept, fresh] = [randomBytes(32), randomBytes(32), randomBytes(32)]
    await importInto(scene.bob, randomBytes(100))
    const lostId = await importInto(scene.alice, recordOf(lost))
    const keptId = await importInto(scene.alice, recordOf(kept))
    expect([await find(lost), await find(kept), await find(fresh)]).to.deep.equal([lostId, keptId, null])
    const assets = (await findRecording(scene.alice.client, lostId)).assets.map(({ header }) =>
      formatId("asset", header.assetId),
    )
    const path = new RegExp(`(?:${assets.join("|")})/stream`)
    for (const [name, tell] of Object.entries<Lie["tell"]>({
      damaged: ({ body }) => {
        const changed = Buffer.from(body)
        changed[60] = (changed[60] ?? 0) ^ 1
        return changed
      },
      gone: () => problem(410, "gone", false),
      withheld: () => problem(404, "not-found", false),
    })) {
      const told = scene.liar.lie({ path, tell })
      expect([await find(lost), await find(kept), await find(fresh)], name).to.deep.equal([null, keptId, null])
      expect(told.delivered(), name).to.be.greaterThan(0)
      told.stop()
    }
    // What may come yet is none of that: else everything would be imported a second time.
    const stopped = new AbortController()
    const told = scene.liar.lie({
      path,
      tell: () => {
        stopped.abort()
        return problem(503, "unavailable", true)
      },
    })
    expect((await refusal(() => find(fresh, stopped.signal)))[0]).to.equal("interrupted")
    told.stop()
    expect(await find(lost)).to.deep.equal(lostId)
  })

  it("a record of another member that names a file which its recording is not of keeps nobody from importing that: it is known as that member's word, and own ones go first", async () => {
    const { client } = scene.alice
    const sha256 = randomBytes(32)
    const search = async (isOwnOnly: boolean) => {
      const { signal } = new AbortController()
      const log = await readMeeting(client, scene.meetingId)
      const found = await findImported(client, log, sha256, signal, { isOwnOnly })
      return found === null ? null : [found.recordingId, found.importedBy, found.isOwn]
    }
    const [alice, bob] = [scene.alice, scene.bob].map(({ client: { state } }) => state.current.secrets.genesisHash)
    const claimedId = await importInto(scene.bob, recordOf(sha256))
    expect(await search(false)).to.deep.equal([claimedId, bob, false])
    expect(await search(true)).to.equal(null)
    const ownId = await importInto(scene.alice, recordOf(sha256))
    for (const isOwnOnly of [false, true]) expect(await search(isOwnOnly)).to.deep.equal([ownId, alice, true])
  })
})
