import { randomBytes } from "node:crypto"
import { mkdtemp } from "node:fs/promises"
import path from "node:path"
import { expect } from "chai"
import { until } from "../../scripts/services.js"
import { deviceSigner } from "../../client/crypto/account-keys.js"
import { sealLiveHead } from "../../client/crypto/live.js"
import {
  followLive,
  type JournalStore,
  type LiveCapture,
  liveCapturesOf,
  openJournalFolder,
  readMeeting,
  recoverCapture,
  startCapture,
} from "../../client/sdk/index.js"
import { sendLiveHead } from "../../client/sdk/upload/tus.js"
import { fromBase64Url, toBase64Url } from "../../shared/protocol/bytes.js"
import { formatId } from "../../shared/protocol/ids.js"
import { LIVE_HEAD_BYTES, LIVE_SEGMENT_BYTES } from "../../shared/protocol/live-asset.js"
import { merkleRoot } from "../../shared/protocol/merkle.js"
import { SEGMENT_BYTES } from "../../shared/protocol/sizes.js"
import type { Answer } from "../support/liar.js"
import type { TestClient } from "../support/sdk/clients.js"
import { expectRefused, openScene, refusal, type Scene } from "./support.js"

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
  const begin = async (): Promise<Awaited<ReturnType<typeof startCapture>>> => {
    const { alice, bob, meetingId } = scene
    journal = await openJournalFolder(await mkdtemp(path.join(alice.home, "journal-")))
    const capture = { title: "Standup", mediaType: "video/webm", capturedAtMs: 1 }
    const running = await startCapture(alice.client, meetingId, journal, capture)
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
