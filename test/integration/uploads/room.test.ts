import { expect } from "chai"
import { Problem } from "../../../shared/protocol/http.js"
import { SEGMENT_BYTES } from "../../../shared/protocol/sizes.js"
import type { ByteCaps } from "../../../shared/server/config.js"
import type { Answer } from "../../support/api-client.js"
import {
  cancel,
  create,
  insertMeeting,
  makeAsset,
  offsetOf,
  patch,
  type Stack,
  startStack,
  type TestAsset,
  uploadWhole,
} from "./support.js"

describe("room for uploads (T6)", function () {
  this.timeout(90_000)
  let stack: Stack | undefined

  afterEach(() => stack?.stop())

  const start = async (byteCaps: Partial<ByteCaps>): Promise<Stack> => (stack = await startStack({ byteCaps }))
  const segments = (count: number): TestAsset => makeAsset(count * SEGMENT_BYTES)
  const refusal = ({ status, json }: Answer): readonly [number, string, boolean] => {
    const { code, retryable } = Problem.parse(json)
    return [status, code, retryable]
  }
  const REFUSED = [507, "quota-exceeded", false]

  it("is refused beyond a meeting's cap before the upload begins, counts what is stored, and comes back with a cancelled one", async () => {
    const { catalog } = await start({ meetingBytes: 10 * SEGMENT_BYTES })
    const stored = segments(4)
    await uploadWhole(stack!, stored, 4 * SEGMENT_BYTES)
    const promised = segments(6)
    expect((await create(stack!, promised)).status).to.equal(201)
    expect((await create(stack!, promised)).status, "the same again takes no more").to.equal(201)
    const refused = await create(stack!, segments(1))
    expect(refusal(refused)).to.deep.equal(REFUSED)
    expect(Problem.parse(refused.json).detail)
      .to.contain("MEETING_BYTES_MAX")
      .and.contain(String(11 * SEGMENT_BYTES))
    expect(await catalog.query("SELECT 1 AS found FROM assets", []), "nothing of it was kept").to.have.length(2)
    expect(refusal(await create(stack!, segments(1), "deferred")), "also without a length").to.deep.equal(REFUSED)

    const other = { ...stack!, ...(await insertMeeting(catalog)) }
    expect((await create(other, segments(10))).status, "another meeting has room of its own").to.equal(201)
    expect((await cancel(stack!, promised)).status).to.equal(204)
    expect((await create(stack!, segments(6))).status).to.equal(201)
  })

  it("is given to one of many uploads that ask for it at once, also where two meetings share an instance", async () => {
    const { catalog } = await start({ instanceBytes: 8 * SEGMENT_BYTES })
    const other = { ...stack!, ...(await insertMeeting(catalog)) }
    const answers = await Promise.all(
      Array.from({ length: 8 }, async (_, index) => await create(index % 2 === 0 ? stack! : other, segments(5))),
    )
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).to.deep.equal([
      201,
      ...Array.from({ length: 7 }, () => 507),
    ])
    const refused = answers.find(({ status }) => status === 507)
    const detail = Problem.parse(refused?.json).detail
    expect(detail).to.contain("INSTANCE_BYTES_MAX")
    expect(detail, "what others store is not told").to.not.match(/\d/)
  })

  it("of an upload without a length ends where the cap is, or where its length is declared beyond", async () => {
    await start({ meetingBytes: 4 * SEGMENT_BYTES })
    const growing = segments(6)
    expect((await create(stack!, growing, "deferred")).status).to.equal(201)
    expect((await patch(stack!, growing, 0, 3 * SEGMENT_BYTES)).status).to.equal(204)
    expect(refusal(await patch(stack!, growing, 3 * SEGMENT_BYTES, 5 * SEGMENT_BYTES))).to.deep.equal(REFUSED)
    const declared = { headers: { "upload-length": String(6 * SEGMENT_BYTES) } }
    expect(refusal(await patch(stack!, growing, 3 * SEGMENT_BYTES, 4 * SEGMENT_BYTES, declared))).to.deep.equal(REFUSED)
    expect(await offsetOf(stack!, growing)).to.equal(3 * SEGMENT_BYTES)
    expect(refusal(await create(stack!, segments(2)))).to.deep.equal(REFUSED)
    expect((await patch(stack!, growing, 3 * SEGMENT_BYTES, 4 * SEGMENT_BYTES)).status).to.equal(204)
    expect(await stack!.spooledFiles(), "no piece of a refusal stays").to.have.length(2)
  })

  it("of two uploads without a length that grow at once is given to one", async () => {
    await start({ meetingBytes: 5 * SEGMENT_BYTES })
    const both = [segments(3), segments(3)]
    for (const asset of both) expect((await create(stack!, asset, "deferred")).status).to.equal(201)
    const answers = await Promise.all(both.map(async (asset) => await patch(stack!, asset, 0, 3 * SEGMENT_BYTES)))
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).to.deep.equal([204, 507])
    expect(await stack!.spooledFiles()).to.have.length(1)
  })
})
