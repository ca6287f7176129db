import { randomBytes } from "node:crypto"
import { expect } from "chai"
import fc from "fast-check"
import type { EntryPoint } from "../../../client/web/live/capture-scan.js"
import { LiveFeed } from "../../../client/web/live/live-feed.js"
import { locate } from "../../../client/web/live/locate.js"
import { WebmScan } from "../../../client/web/live/webm-scan.js"
import { isArchiveError } from "../../../shared/protocol/errors.js"
import type { LiveHead } from "../../../shared/protocol/live-asset.js"

/** With a size of 8 bytes, as those write it that don't know it before. */
function element(id: string, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content)
  const size = Buffer.alloc(8)
  size.writeUInt32BE(body.length, 4)
  size[0] = 1
  return Buffer.concat([Buffer.from(id, "hex"), size, body])
}
const uint = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
const track = (number: number, type: number, codec: string, ...more: readonly Buffer[]): Buffer =>
  element("ae", element("d7", uint(number)), element("83", uint(type)), element("86", Buffer.from(codec)), ...more)
const block = (trackNumber: number, offsetMs: number, isKey: boolean, sizeBytes = 300): Buffer => {
  const head = Buffer.alloc(4)
  head[0] = 0x80 | trackNumber
  head.writeInt16BE(offsetMs, 1)
  head[3] = isKey ? 0x80 : 0
  return element("a3", head, randomBytes(sizeBytes))
}
/** Of unknown size. */
const cluster = (timeMs: number, ...blocks: readonly Buffer[]): Buffer =>
  Buffer.concat([Buffer.from("1f43b67501ffffffffffffff", "hex"), element("e7", uint(timeMs)), ...blocks])
const headOf = (...tracks: readonly Buffer[]): Buffer =>
  Buffer.concat([
    element("1a45dfa3", element("4282", Buffer.from("webm"))),
    Buffer.from("1853806701ffffffffffffff", "hex"),
    element("ec", Buffer.alloc(104)),
    element("1549a966", element("2ad7b1", uint(1_000_000))),
    element("1654ae6b", ...tracks),
  ])

const VIDEO = track(1, 1, "V_VP9")
const AUDIO = track(2, 2, "A_OPUS")
const HEAD = headOf(VIDEO, AUDIO)
const FRAME_MS = 100
const CLUSTER_MS = 2_000
const isKeyAt = (timeMs: number): boolean => timeMs % CLUSTER_MS === 0

/** What a browser records: a cluster with each key frame, a picture and its sound ten times a second. */
function film(lengthMs: number): Buffer {
  const clusters: Buffer[] = []
  for (let startMs = 0; startMs < lengthMs; startMs += CLUSTER_MS) {
    const blocks: Buffer[] = []
    for (let atMs = 0; atMs < CLUSTER_MS && startMs + atMs < lengthMs; atMs += FRAME_MS)
      blocks.push(block(1, atMs, isKeyAt(atMs)), block(2, atMs, true, 30))
    clusters.push(cluster(startMs, ...blocks))
  }
  return Buffer.concat([HEAD, ...clusters])
}

function cut(bytes: Buffer, places: readonly number[]): readonly Buffer[] {
  const ends = [...places.map((place) => place % bytes.length), bytes.length].sort((one, other) => one - other)
  return ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end))
}

function scanned(parts: readonly Uint8Array[]) {
  const points: EntryPoint[] = []
  const scan = new WebmScan((point) => points.push(point))
  return { scan, points, media: Buffer.concat(parts.map((part, segment) => scan.push(part, segment))) }
}

function codeOf(step: () => unknown): string {
  try {
    step()
    return "nothing"
  } catch (error) {
    return isArchiveError(error) ? error.code : String(error)
  }
}

describe("a capture, read along as WebM", () => {
  const whole = film(9_000)
  const places = fc.array(fc.nat(), { maxLength: 30 })

  it("is given on as it is, however it is cut, with its head, its length and every place to begin", () => {
    fc.assert(
      fc.property(places, (at) => {
        const parts = cut(whole, at)
        const { scan, points, media } = scanned(parts)
        expect(scan.init?.type).to.equal('video/webm; codecs="vp9,opus"')
        expect(Buffer.from(scan.init?.bytes ?? []).equals(HEAD)).to.equal(true)
        expect(media.equals(whole.subarray(HEAD.length))).to.equal(true)
        expect(scan.endS).to.equal(8.9)
        expect(points.map(({ timeS }) => timeS)).to.deep.equal([0, 2, 4, 6, 8])
        for (const { timeS, segment } of points) {
          const start = whole.indexOf(element("e7", uint(timeS * 1_000))) - 12
          const [before, within] = [0, 1].map((more) => Buffer.concat(parts.slice(0, segment + more)).length)
          expect(start).to.be.within(before!, within! - 1)
        }
      }),
      // The first cluster begins in the second of three parts that are kept together until it is known.
      { examples: [[[1, HEAD.length + 1]], [[HEAD.length, HEAD.length + 1, HEAD.length + 2]]] },
    )
  })

  it("after a jump to anywhere begins with the next cluster, and is whole from there on", () => {
    fc.assert(
      fc.property(fc.nat(whole.length - 1), places, (from, at) => {
        const { scan } = scanned([whole])
        scan.jump()
        const rest = whole.subarray(from)
        const media = Buffer.concat(cut(rest, at).map((part, segment) => scan.push(part, segment)))
        const start = whole.indexOf(Buffer.from("1f43b67501ffffffffffffff", "hex"), from)
        expect(media.equals(start < 0 ? Buffer.alloc(0) : whole.subarray(start))).to.equal(true)
      }),
    )
  })

  it("begins with sound at every cluster, and in a picture only with a key frame", () => {
    const sound = Buffer.concat([headOf(AUDIO), cluster(0, block(2, 0, true)), cluster(30_000, block(2, 5, true))])
    const { scan, points } = scanned([sound])
    expect(scan.init?.type).to.equal('audio/webm; codecs="opus"')
    expect(points).to.deep.equal([
      { timeS: 0, segment: 0 },
      { timeS: 30.005, segment: 0 },
    ])
    const blind = Buffer.concat([HEAD, cluster(0, block(2, 0, true), block(1, 0, false), block(1, 100, true))])
    expect(scanned([blind]).points).to.deep.equal([])
  })

  it("names AV1 by what its own record says", () => {
    const record = (...bytes: number[]): Buffer => track(1, 1, "V_AV1", element("63a2", Buffer.of(0x81, ...bytes)))
    const typeOf = (head: Buffer): string | undefined =>
      scanned([Buffer.concat([headOf(head), cluster(0, block(1, 0, true))])]).scan.init?.type
    expect(typeOf(record(0x04, 0x0c, 0))).to.equal('video/webm; codecs="av01.0.04M.08"')
    expect(typeOf(record(0x2d, 0xcc, 0))).to.equal('video/webm; codecs="av01.1.13H.10"')
  })

  it("is refused where it is no WebM, has no end of what it should have, or nothing to begin with", () => {
    expect(codeOf(() => scanned([Buffer.alloc(100, 7)]))).to.equal("unsupported")
    expect(codeOf(() => scanned([Buffer.concat([headOf(), cluster(0)])]))).to.equal("nothing")
    expect(
      codeOf(() =>
        scanned([Buffer.concat([HEAD.subarray(0, -AUDIO.length - VIDEO.length - 12), cluster(0), cluster(1)])]),
      ),
    ).to.equal("unsupported")
    const endless = Buffer.from("a301ffffffffffffff0000000000000000", "hex")
    expect(codeOf(() => scanned([Buffer.concat([HEAD, cluster(0), endless])]))).to.equal("unsupported")
    expect(
      codeOf(() =>
        scanned(Array.from({ length: 50 }, () => Buffer.concat([HEAD.subarray(0, 40), Buffer.alloc(65_000)]))),
      ),
    ).to.equal("unsupported")
  })

  it("whatever its recorder writes, fails in no other way, and gives out nothing that did not come", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 8 }),
        places,
        (changes, at) => {
          const changed = Buffer.from(whole)
          for (const [place, value] of changes) changed[place] = value
          let media = Buffer.alloc(0)
          const code = codeOf(() => (media = scanned(cut(changed, at)).media))
          expect(code).to.be.oneOf(["nothing", "unsupported"])
          expect(changed.includes(media)).to.equal(true)
        },
      ),
    )
  })
})

describe("a place in a capture", () => {
  it("is found in few reads, though its times are no measure of its bytes", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 1, max: 90 })), {
          minLength: 1,
          maxLength: 60,
        }),
        fc.nat(10_000),
        async (steps, wantedS) => {
          const points: EntryPoint[] = [{ timeS: 0, segment: 0 }]
          for (const [segments, timeS] of steps) {
            const last = points.at(-1)!
            points.push({ segment: last.segment + segments, timeS: last.timeS + timeS })
          }
          const end = points.at(-1)!
          let reads = 0
          const found = await locate(wantedS, points[0]!, { ...end, segment: end.segment + 5 }, (from, to) => {
            reads++
            return Promise.resolve(points.find(({ segment }) => segment >= from && segment < to) ?? null)
          })
          const best = points.findLast(({ timeS }) => timeS <= wantedS)!
          expect(found.timeS).to.be.at.most(wantedS)
          expect(best.segment - found.segment, "near enough to be read on from").to.be.at.most(16)
          expect(reads).to.be.at.most(2 * Math.ceil(Math.log2(end.segment + 5)) + 2)
        },
      ),
    )
  })

  it("is found for times that go back and forth, in as few", async () => {
    const lying = (from: number): Promise<EntryPoint> =>
      Promise.resolve({ timeS: from % 7 === 0 ? 1e9 : -1, segment: from })
    let reads = 0
    await locate(50, { timeS: 0, segment: 0 }, { timeS: 100, segment: 1e6 }, (from) => {
      reads++
      return lying(from)
    })
    expect(reads).to.be.at.most(200)
  })
})

describe("a feed of a capture", () => {
  const SEGMENT = 1_000
  const BEGAN_MS = 1_700_000_000_000

  /** A capture in memory, of which more is there with each step; what is read of it is counted. */
  function capture(lengthMs: number) {
    const bytes = film(lengthMs)
    // A flush for each second; each begins a segment, and fills more where it needs them.
    const segments: Buffer[] = []
    const flushes: { readonly segment: number; readonly timeMs: number; readonly end: number }[] = []
    for (let second = 1, at = 0; at < bytes.length; second++) {
      const upTo = Math.min(bytes.length, Math.round((bytes.length * second * 1_000) / lengthMs))
      const segment = segments.length
      for (; at < upTo; at += SEGMENT) segments.push(bytes.subarray(at, Math.min(at + SEGMENT, upTo)))
      at = upTo
      flushes.push({ segment, timeMs: BEGAN_MS + second * 1_000, end: segments.length })
    }
    const view = {
      head: null as LiveHead | null,
      readSegments: 0,
      read: (first: number, count: number): Promise<readonly Uint8Array[]> => {
        const parts = segments.slice(first, Math.min(first + count, view.head?.segments ?? 0))
        view.readSegments += parts.length
        return Promise.resolve(parts)
      },
    }
    const feed = new LiveFeed(view, (onPoint) => new WebmScan(onPoint))
    const grow = (seconds: number): void => {
      const upTo = flushes[seconds - 1]!
      const newest = flushes
        .slice(Math.max(0, seconds - 12), seconds)
        .map(({ segment, timeMs }) => ({ segment, timeMs, clockMs: timeMs - BEGAN_MS }))
      const none = new Uint8Array(32)
      view.head = {
        headerHash: none,
        deviceKey: none,
        root: none,
        isLast: false,
        segments: upTo.end,
        timeMs: upTo.timeMs,
        flushes: newest,
      }
      feed.take(view.head)
    }
    return { bytes, view, feed, grow, segments }
  }

  const { signal } = new AbortController()

  it("opens near the newest and reads little for it, and knows how far the capture is", async () => {
    const { view, feed, grow, segments } = capture(600_000)
    const opening = feed.open(signal)
    grow(300)
    expect((await opening).type).to.equal('video/webm; codecs="vp9,opus"')
    expect(feed.edgeS).to.be.within(299, 300)
    expect(feed.edgePoint().timeS).to.be.within(292, 297)
    expect(view.readSegments).to.be.lessThan(segments.length / 20)
    grow(310)
    expect(feed.edgeS, "by the recorder's clock").to.be.within(309, 310)
    const point = await feed.pointAt(120, signal)
    expect(point.timeS).to.be.within(100, 120)
    expect(feed.timeOf(point.segment)).to.equal(point.timeS)
    expect(view.readSegments).to.be.lessThan(segments.length / 5)
  })

  it("gives everything from a place on, as it comes, to the end", async () => {
    const { bytes, feed, grow } = capture(20_000)
    grow(8)
    await feed.open(signal)
    const point = await feed.pointAt(4.5, signal)
    const got: Uint8Array[] = []
    const running = feed.run(
      point,
      (part) => {
        got.push(part)
        return Promise.resolve()
      },
      signal,
    )
    for (const second of [9, 10, 15, 20]) {
      grow(second)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    expect(feed.edgeS).to.equal(19.9)
    feed.finish()
    await running
    const start = bytes.indexOf(element("e7", uint(point.timeS * 1_000))) - 12
    expect(Buffer.concat(got).equals(bytes.subarray(start))).to.equal(true)
    expect(await codeOfAsync(feed.run(point, () => Promise.resolve(), AbortSignal.abort()))).to.equal("AbortError")
  })

  it("ends where the capture ended before anything came", async () => {
    const { feed } = capture(2_000)
    const opening = feed.open(signal)
    feed.finish()
    expect(await codeOfAsync(opening)).to.equal("not-found")
  })

  async function codeOfAsync(step: Promise<unknown>): Promise<string> {
    return await step.then(
      () => "nothing",
      (error: unknown) => (isArchiveError(error) ? error.code : (error as Error).name),
    )
  }
})
