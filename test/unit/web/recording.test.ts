import { expect } from "chai"
import { stageLabel, stageShare, stageText } from "../../../client/web/record/capture-text.js"
import { recordedType } from "../../../client/web/record/media-type.js"
import { RunningTime } from "../../../client/web/record/running-time.js"
import { levelOf } from "../../../client/web/record/sound-mix.js"
import { hrefOf, parseRoute } from "../../../client/web/routes.js"
import { ArchiveError } from "../../../shared/protocol/errors.js"
import { asId } from "../../../shared/protocol/ids.js"

describe("recording, in the browser", () => {
  it("asks for WebM before MP4, for no codec of sound where there is none, and says where nothing is recorded", () => {
    const both = { picture: true, sound: true }
    expect(recordedType(both, () => true)).to.equal("video/webm;codecs=vp9,opus")
    expect(recordedType(both, (type) => type.startsWith("video/mp4"))).to.equal(
      "video/mp4;codecs=avc1.42E01E,mp4a.40.2",
    )
    expect(recordedType({ picture: true, sound: false }, () => true)).to.equal("video/webm;codecs=vp9")
    expect(recordedType({ picture: false, sound: true }, () => true)).to.equal("audio/webm;codecs=opus")
    expect(recordedType({ picture: false, sound: true }, (type) => type === "audio/mp4")).to.equal("audio/mp4")
    expect(recordedType(both, () => false)).to.equal(null)
  })

  it("counts the time that runs, and none of what halts it", () => {
    let now = 1_000
    const time = new RunningTime(() => now)
    expect(time.elapsedMs()).to.equal(0)
    time.go()
    now += 300
    time.go()
    now += 200
    expect(time.elapsedMs()).to.equal(500)
    time.halt()
    now += 5_000
    time.halt()
    expect(time.elapsedMs()).to.equal(500)
    time.go()
    now += 1
    expect(time.elapsedMs()).to.equal(501)
  })

  it("shows silence as nothing and full scale as all, and half the decibels as half", () => {
    const steady = (value: number): Float32Array => new Float32Array(128).fill(value)
    expect(levelOf(steady(0))).to.equal(0)
    expect(levelOf(steady(1))).to.equal(1)
    expect(levelOf(steady(10 ** (-30 / 20)))).to.be.closeTo(0.5, 1e-6)
    expect(levelOf(steady(1e-6))).to.equal(0)
  })

  it("says what becomes of a capture, and that it waits for the network by itself", () => {
    const offline = new ArchiveError("unavailable", "no connection")
    expect(stageLabel({ kind: "ending", obstacle: offline })).to.contain("by itself")
    expect(stageLabel({ kind: "ending", obstacle: null })).to.equal("Sending what is left")
    expect(stageText({ kind: "preparing", fraction: 0.5 })).to.match(/50\s?%/)
    const progress = { phase: "sending", sealedBytes: 1, sentBytes: 500_000, storedBytes: 0, totalBytes: 1e6 } as const
    expect(stageText({ kind: "sending", progress, obstacle: null })).to.contain("500\u00a0kB of 1\u00a0MB")
    expect(stageShare({ kind: "preparing", fraction: 1 })).to.equal(0.5)
    expect(stageShare({ kind: "sending", progress, obstacle: null })).to.equal(0.75)
    expect(stageShare({ kind: "left" })).to.equal(null)
  })

  it("has an address of its own in each meeting", () => {
    const meetingId = asId("meeting", new Uint8Array(16).fill(7))
    const href = hrefOf({ screen: "record", meetingId })
    expect(parseRoute(href)).to.deep.equal({ screen: "record", meetingId })
    expect(parseRoute(`${href}/more`).screen).to.equal("not-found")
  })
})
