import { randomBytes } from "node:crypto"
import { mkdtemp } from "node:fs/promises"
import path from "node:path"
import { expect } from "chai"
import { until } from "../../scripts/services.js"
import { deviceSigner } from "../../client/crypto/account-keys.js"
import { sealLiveHead } from "../../client/crypto/live.js"
import {
  ChatReader,
  followLive,
  type JournalStore,
  leaveMeeting,
  type LiveCapture,
  LiveView,
  liveCapturesOf,
  livePlaceIn,
  openJournalFolder,
  readMeeting,
  recoverCapture,
  type RecordingPlace,
  sendMessage,
  startCapture,
  textContent,
} from "../../client/sdk/index.js"
import { sendLiveHead } from "../../client/sdk/upload/tus.js"
import { fromBase64Url, toBase64Url } from "../../shared/protocol/bytes.js"
import { formatId } from "../../shared/protocol/ids.js"
import { LIVE_HEAD_BYTES, LIVE_SEGMENT_BYTES } from "../../shared/protocol/live-asset.js"
import { merkleRoot } from "../../shared/protocol/merkle.js"
import { SEGMENT_BYTES } from "../../shared/protocol/sizes.js"
import type { Answer } from "../support/liar.js"
import type { TestClient } from "../support/sdk/clients.js"
import { admit, expectRefused, openScene, refusal, type Scene } from "./support.js"

interface Told {
  readonly segments: number
  readonly head: string | null
  readonly leaves: string
}

/** SPEC.md §4.5: what a server may say of a live capture, and what a member who does not record it may. */
describe("a live capture, by a server that lies and a member who is no recorder", function () {
  this.timeout(60_000)
  let scene: Scene
  let journal: JournalStore
  let live: LiveCapture

  const LIVE = /\/live\?from=/
  const SEGMENTS = /\/live\/segments\//
  const readOf = ({ body }: Answer): Told => JSON.parse(body.toString()) as Told
  const told = (answer: Answer, change: (told: Told) => Partial<Told>): Buffer | null =>
    answer.status === 200 ? Buffer.from(JSON.stringify({ ...readOf(answer), ...change(readOf(answer)) })) : null
  const leavesOf = (text: string): readonly Uint8Array[] => {
    const all = fromBase64Url(text)
    return Array.from({ length: all.length / 32 }, (_, index) => all.slice(32 * index, 32 * (index + 1)))
  }
  const recover = async (): Promise<void> => {
    const source = await (await recoverCapture(scene.bob.client, live)).open()
    await source.read(new Uint8Array(1024 * 1024))
  }
  const begin = async (by = scene.alice.client): Promise<Awaited<ReturnType<typeof startCapture>>> => {
    const { alice, bob, meetingId } = scene
    journal = await openJournalFolder(await mkdtemp(path.join(alice.home, "journal-")))
    const capture = { title: "Standup", mediaType: "video/webm", capturedAtMs: 1 }
    const running = await startCapture(by, meetingId, journal, capture)
    live = liveCapturesOf(await readMeeting(bob.client, meetingId)).at(-1)!
    return running
  }

  before(async () => {
    scene = await openScene()
    const running = await begin()
    running.write(randomBytes(3 * LIVE_SEGMENT_BYTES))
    await running.flush()
    await running.stop()
  })
  after(() => scene.close())

  it("LH3: hashes in another order, of a longer stream, or withheld are noticed", async () => {
    const swap = (text: string): string => {
      const [first, second, ...rest] = leavesOf(text)
      return toBase64Url(Buffer.concat([second!, first!, ...rest]))
    }
    const lies: readonly (readonly [string, (told: Told) => Partial<Told>])[] = [
      ["integrity", ({ leaves }) => ({ leaves: swap(leaves) })],
      ["integrity", ({ segments }) => ({ segments: segments + 1 })],
      ["integrity", ({ leaves }) => ({ leaves: toBase64Url(Buffer.concat([...leavesOf(leaves), randomBytes(32)])) })],
      ["truncated", () => ({ leaves: "" })],
    ]
    for (const [code, change] of lies)
      await expectRefused(scene, { path: LIVE, tell: (answer) => told(answer, change) }, recover, [code, undefined])
  })

  it("other segments, or fewer, are noticed before a byte of them is given out", async () => {
    const reordered = (body: Buffer): Buffer =>
      Buffer.concat([
        body.subarray(SEGMENT_BYTES, 2 * SEGMENT_BYTES),
        body.subarray(0, SEGMENT_BYTES),
        body.subarray(2 * SEGMENT_BYTES),
      ])
    for (const change of [reordered, (body: Buffer) => body.subarray(SEGMENT_BYTES)])
      await expectRefused(scene, { path: SEGMENTS, tell: ({ body }) => change(body) }, recover, [
        "integrity",
        "segment 0",
      ])
  })

  it("LH4: a last segment counts as such only under a head that says so, and LH2: a head is its recorder's alone", async () => {
    const sealedBy = ({ client }: TestClient, { segments, leaves }: Told, isLast: boolean): string => {
      const head = { segments, root: merkleRoot(leavesOf(leaves)), timeMs: Date.now(), isLast, flushes: [] }
      return toBase64Url(sealLiveHead(live, head, deviceSigner(client.state.current.secrets), client.random))
    }
    const heads: readonly (readonly [TestClient, boolean, readonly [string, string | undefined]])[] = [
      [scene.alice, false, ["integrity", "segment 3"]],
      [scene.bob, true, ["bad-signature", undefined]],
    ]
    for (const [by, isLast, expected] of heads) {
      const tell = (answer: Answer): Buffer | null => told(answer, (now) => ({ head: sealedBy(by, now, isLast) }))
      await expectRefused(scene, { path: LIVE, tell }, recover, expected)
    }
  })

  it("heads are taken with the upload's secret alone, and none that goes back or ahead of what came", async () => {
    const uploadSecret = (await journal.load())!.live!.uploadSecret
    const { http } = scene.alice.client
    const put = async (secret: Uint8Array, segments: number): Promise<string> => {
      const handle = {
        http,
        assetId: live.header.assetId,
        uploadSecret: secret,
        subject: formatId("asset", live.header.assetId),
      }
      const [code] = await refusal(() => sendLiveHead(handle, segments, randomBytes(LIVE_HEAD_BYTES)))
      return code
    }
    expect(await put(randomBytes(32), 4)).to.equal("forbidden")
    expect(await put(uploadSecret, 3)).to.equal("conflict")
    expect(await put(uploadSecret, 5)).to.equal("conflict")
  })

  /** Where somebody who writes now is told that a recording stands. */
  const placeNow = async (by = scene.bob.client): Promise<RecordingPlace | null> =>
    await livePlaceIn(by, await readMeeting(by, scene.meetingId))

  it("CH14: an old head, another member's, and none at all give what is written no place, and keep nobody from writing", async () => {
    const { alice, bob, liar } = scene
    let passedMs = 0
    const clock = { nowMs: () => Date.now() + passedMs }
    const running = await begin({ ...alice.client, clock })
    const reader = { ...bob.client, clock }
    const grow = async (clockMs: number): Promise<void> => {
      running.write(randomBytes(10))
      await running.flush(clockMs)
    }
    await grow(1_000)
    await until(async () => (await placeNow(reader)) !== null, "its first head")
    let first: Told | null = null
    const heads = new RegExp(`${formatId("asset", live.header.assetId)}/live\\?from=`)
    const sealed = ({ client }: TestClient, told: Told): string => {
      const { segments } = told
      const timeMs = clock.nowMs()
      const flushes = [{ segment: 0, timeMs, clockMs: 5_000 }]
      const head = { segments, root: merkleRoot(leavesOf(told.leaves)), timeMs, isLast: false, flushes }
      return toBase64Url(sealLiveHead(live, head, deviceSigner(client.state.current.secrets), client.random))
    }
    const answers: readonly ((answer: Answer) => Buffer | null)[] = [
      (answer) => told(answer, () => first ?? {}),
      (answer) => told(answer, (now) => ({ head: sealed(bob, now) })),
      (answer) => told(answer, () => ({ head: toBase64Url(randomBytes(LIVE_HEAD_BYTES)) })),
      (answer) => told(answer, () => ({ head: null, segments: 0, leaves: "" })),
      () => Buffer.from("{"),
    ]
    const watching = liar.lie({
      path: heads,
      tell: (answer) => {
        if (answer.status === 200) first ??= readOf(answer)
        return null
      },
    })
    await placeNow(reader)
    watching.stop()
    passedMs = 60_000
    await grow(61_000)
    await until(async () => (await placeNow(reader)) !== null, "its newest head")
    for (const [index, tell] of answers.entries()) {
      const told = liar.lie({ path: heads, tell })
      expect(await placeNow(reader), `lie ${index}`).to.equal(null)
      expect(told.delivered(), "lies delivered").to.be.greaterThan(0)
      told.stop()
    }
    const silent = liar.lie({ path: heads, tell: async () => await new Promise<null>(() => undefined) })
    expect(await placeNow(reader)).to.equal(null)
    silent.stop()
    const said = textContent("still here", { place: null })
    expect((await sendMessage(bob.client, scene.meetingId, said)).trouble).to.equal(null)
    expect((await ChatReader.open(alice.client, scene.meetingId)).entries().at(-1)?.kind).to.equal("authentic")
    await running.stop()
  })

  it("CH14: a recorder who claims weeks, or an announcement of long ago, or who left, gives what is written no place", async () => {
    const carol = await scene.newClient("Carol's laptop")
    await admit(scene.alice, carol, scene.meetingId)
    let nowMs = (): number => 1
    const backdated = { ...carol.client, clock: { nowMs: () => nowMs() } }
    const store = await openJournalFolder(await mkdtemp(path.join(carol.home, "journal-")))
    const capture = { title: "Standup", mediaType: "video/webm", capturedAtMs: 1 }
    const running = await startCapture(backdated, scene.meetingId, store, capture)
    nowMs = () => Date.now()
    const grow = async (clockMs: number): Promise<void> => {
      running.write(randomBytes(10))
      await running.flush(clockMs)
    }
    await grow(1_000)
    await until(async () => (await placeNow()) !== null, "its first head")
    live = liveCapturesOf(await readMeeting(scene.bob.client, scene.meetingId)).at(-1)!
    const view = new LiveView(scene.bob.client, live)
    await view.glance()
    for (const clockMs of [2 ** 53, 86_400_000]) {
      await grow(clockMs)
      await until(async () => ((await view.glance())?.flushes.at(-1)?.clockMs ?? 0) > 1_000_000, "its claim")
      expect(await placeNow(), String(clockMs)).to.equal(null)
    }
    await grow(2_000)
    await until(async () => (await placeNow()) !== null, "a head that claims what can be")
    await leaveMeeting(carol.client, scene.meetingId)
    expect(await placeNow(), "its author left").to.equal(null)
    await running.stop().catch(() => undefined)
  })

  it("LH3: a head that was there before is not believed again, nor that there is none", async () => {
    const running = await begin()
    const write = async (): Promise<void> => {
      running.write(randomBytes(10))
      await running.flush()
    }
    const lies: readonly ((first: Told) => object)[] = [
      ({ head, segments }) => ({ head, segments, leaves: "" }),
      () => ({ head: null, segments: 0, leaves: "" }),
    ]
    for (const lie of lies) {
      let [seen, first]: [number, Told | null] = [0, null]
      let [isLying, before] = [false, 0]
      const telling = scene.liar.lie({
        path: LIVE,
        tell: (answer) => {
          if (answer.status !== 200) return null
          if (readOf(answer).head !== null) first ??= readOf(answer)
          return isLying ? told(answer, () => lie(first!)) : null
        },
      })
      await write()
      const following = refusal(() =>
        followLive(scene.bob.client, live, {
          from: "start",
          onBytes: () => {
            seen++
          },
        }),
      )
      await until(async () => seen > 0, "its first bytes")
      before = seen
      await write()
      await until(async () => seen > before, "what came then")
      isLying = true
      expect((await following)[0]).to.equal("integrity")
      telling.stop()
    }
    await running.stop()
  })
})
