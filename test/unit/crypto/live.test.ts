import { expect } from "chai"
import { sodiumReady } from "../../../client/crypto/sodium.js"
import { liveCapturesOf } from "../../../client/sdk/live-capture/captures.js"
import { encodeAssetHeader } from "../../../shared/protocol/asset-header.js"
import { isArchiveError } from "../../../shared/protocol/errors.js"
import { asId, type RecordingId } from "../../../shared/protocol/ids.js"
import { decodeLiveSegment, encodeLiveSegment, LIVE_SEGMENT_BYTES } from "../../../shared/protocol/live-asset.js"
import type { LiveContent } from "../../../shared/protocol/notes.js"
import { makePerson, random, TestMeeting } from "../../support/people.js"

describe("live segments", () => {
  it("give back what was put into them, from nothing to all that they hold", () => {
    for (const size of [0, 1, LIVE_SEGMENT_BYTES - 1, LIVE_SEGMENT_BYTES]) {
      const bytes = random(size)
      expect(Buffer.from(decodeLiveSegment(encodeLiveSegment(bytes))).equals(bytes), String(size)).to.equal(true)
    }
    expect(() => encodeLiveSegment(random(LIVE_SEGMENT_BYTES + 1))).to.throw()
  })

  it("A8: of another size, with a count beyond it, or with something behind the count are malformed", () => {
    const segment = encodeLiveSegment(Uint8Array.of(1, 2, 3))
    const beyond = segment.slice()
    beyond.set([0, 0, 0xff, 0xed])
    const behind = segment.slice()
    behind[behind.length - 1] = 1
    for (const wrong of [segment.slice(1), Uint8Array.of(...segment, 0), beyond, behind, new Uint8Array(0)])
      expect(codeOf(() => decodeLiveSegment(wrong))).to.equal("malformed")
  })
})

describe("events of what goes live", () => {
  const live = (recordingId: RecordingId): LiveContent => ({
    type: "live",
    recordingId,
    rawHeader: encodeAssetHeader({ kind: "live", assetId: asId("asset", random(16)), salt: random(32) }),
    deviceKey: random(32),
    mediaType: "video/webm",
    sealedKey: random(336),
  })

  before(() => sodiumReady())

  it("LV2: an asset goes live once, announced by its own author; LV3: a key that doesn't open shows nothing, and voids nothing", async () => {
    const [alice, bob] = [makePerson("alice"), makePerson("bob")]
    const meeting = new TestMeeting(alice, "Live")
    await meeting.add(alice, bob)
    const recordingId = asId("recording", random(16))
    const codes = async (): Promise<readonly string[]> => (await meeting.read(bob)).voids.map(({ code }) => code)
    await meeting.say(alice, live(recordingId))
    expect(await codes()).to.deep.equal(["not-authorised"])
    await meeting.say(alice, { type: "capture", headerHash: random(32), recordingId })
    const first = live(recordingId)
    await meeting.say(alice, first)
    await meeting.say(bob, live(recordingId))
    await meeting.say(alice, first)
    expect(await codes()).to.deep.equal(["not-authorised", "not-authorised", "replayed"])
    const log = await meeting.read(bob)
    expect(log.lives).to.have.length(1)
    expect(liveCapturesOf(log)).to.deep.equal([])
  })
})

function codeOf(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    if (isArchiveError(error)) return error.code
    throw error
  }
  return "accepted"
}
