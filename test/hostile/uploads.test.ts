import { randomBytes } from "node:crypto"
import { expect } from "chai"
import { findRecording, readAsset, readMeeting, type RecordingId } from "../../client/sdk/index.js"
import type { AskedRequest, Lie } from "../support/liar.js"
import { readAll } from "../support/sdk/sources.js"
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
