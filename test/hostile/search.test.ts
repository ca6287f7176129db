import { mkdtemp } from "node:fs/promises"
import { join } from "node:path"
import { expect } from "chai"
import {
  bringUpToDate,
  createMeeting,
  isUpToDate,
  type MeetingId,
  openJournalFolder,
  SearchShard,
  sendMessage,
  textContent,
  uploadRecording,
} from "../../client/sdk/index.js"
import { requireMeeting } from "../../client/sdk/meetings.js"
import { fromBase64Url, toBase64Url } from "../../shared/protocol/bytes.js"
import { bytesSource } from "../support/sdk/sources.js"
import { admit, expectRefused, json, openScene, type Scene } from "./support.js"

interface Page {
  readonly messages: readonly { readonly seq: number; readonly message: string }[]
  readonly count: number
}

const MESSAGES = /\/messages\?/
const CAPTIONS = "WEBVTT\n\n00:01.000 --> 00:02.000\nThe peacocks have eaten the begonias\n"

/** SPEC.md §14.2: what is found was verified as whatever is read is; a server adds nothing to it, and takes nothing back. */
describe("search, by a server that lies", function () {
  this.timeout(120_000)
  const { signal } = new AbortController()
  let scene: Scene
  let meetingId: MeetingId
  let shard: SearchShard

  before(async () => {
    scene = await openScene()
  })
  after(() => scene.close())
  beforeEach(async () => {
    meetingId = await createMeeting(scene.alice.client, "Garden")
    await admit(scene.alice, scene.bob, meetingId)
    shard = SearchShard.empty()
  })

  async function say(...texts: readonly string[]): Promise<void> {
    for (const text of texts)
      expect((await sendMessage(scene.alice.client, meetingId, textContent(text))).trouble).to.equal(null)
  }

  const update = async (into = shard) => await bringUpToDate(scene.bob.client, meetingId, into, { signal })
  const found = (query: string, within = shard): readonly string[] =>
    within
      .search(query)
      .map(({ text }) => text)
      .toSorted()

  it("a chat that is shorter than before is refused, not taken for up to date, and what was read is still found", async () => {
    await say("a heron", "another heron")
    const shorter = json<Page>((page) => ({
      ...page,
      count: 1,
      messages: page.messages.filter(({ seq }) => seq < 1),
    }))
    await expectRefused(scene, { path: MESSAGES, tell: shorter }, update, ["rollback", "message 1"])
    expect(found("heron")).to.deep.equal(["a heron", "another heron"])
    const told = scene.liar.lie({ path: MESSAGES, tell: shorter })
    expect(await isUpToDate(scene.bob.client, requireMeeting(scene.bob.client, meetingId), shard)).to.equal(false)
    expect(told.delivered()).to.be.greaterThan(0)
    told.stop()
  })

  it("another message in the place of one is refused, and its neighbours are found", async () => {
    await say("a heron", "a forged heron", "a third heron")
    const other = SearchShard.empty()
    await update(other)
    expect(found("heron", other)).to.have.length(3)
    // Somebody who has seen nothing of it, else it would be a fork.
    await scene.bob.client.state.update((state) => ({
      ...state,
      chats: state.chats.map((chat) => ({ ...chat, pin: null, heads: [], datedPlaces: [] })),
    }))
    const told = scene.liar.lie({
      path: MESSAGES,
      tell: json<Page>((page) => ({
        ...page,
        messages: page.messages.map((one) => {
          if (one.seq !== 1) return one
          const raw = fromBase64Url(one.message)
          raw[raw.length - 40] = (raw[raw.length - 40] ?? 0) ^ 1
          return { ...one, message: toBase64Url(raw) }
        }),
      })),
    })
    await update()
    expect(told.delivered()).to.be.greaterThan(0)
    told.stop()
    expect(found("heron")).to.deep.equal(["a heron", "a third heron"])
  })

  it("a message far back that is not given, or another in its place a second time, hides none of the others", async () => {
    await say("heron 1", "heron 2", "heron 3", "heron 4", "heron 5", "heron 6", "heron 7")
    const options = { signal, pageMessages: 2 }
    const chatAnew = async (): Promise<void> => {
      await scene.bob.client.state.update((state) => ({
        ...state,
        chats: state.chats.map((chat) => ({ ...chat, pin: null, heads: [], datedPlaces: [] })),
      }))
    }
    const ways: Readonly<Record<string, (page: Page) => Page>> = {
      "not given": (page) => ({ ...page, messages: page.messages.filter(({ seq }) => seq !== 2) }),
      again: (page) => ({
        ...page,
        messages: page.messages.map((one) => (one.seq === 2 ? { ...one, message: repeated } : one)),
      }),
    }
    let repeated = ""
    for (const [way, change] of Object.entries(ways)) {
      await chatAnew()
      const honest = SearchShard.empty()
      const heard = scene.liar.lie({
        path: MESSAGES,
        tell: json<Page>((page) => {
          repeated = page.messages.find(({ seq }) => seq === 5)?.message ?? repeated
          return page
        }),
      })
      await bringUpToDate(scene.bob.client, meetingId, honest, options)
      heard.stop()
      expect(found("heron", honest), way).to.have.length(7)
      await chatAnew()
      const told = scene.liar.lie({ path: MESSAGES, tell: json<Page>(change) })
      const lied = SearchShard.empty()
      await bringUpToDate(scene.bob.client, meetingId, lied, options)
      expect(told.delivered(), way).to.be.greaterThan(0)
      told.stop()
      expect(found("heron", lied), way).to.deep.equal([1, 2, 4, 5, 6, 7].map((n) => `heron ${n}`))
    }
  })

  it("captions that were changed are not searched and are told of, their recording is found, and they are once they are whole", async () => {
    const journal = await openJournalFolder(await mkdtemp(join(scene.alice.home, "journal-")))
    await uploadRecording(scene.alice.client, meetingId, journal, {
      details: { title: "Orangery", fileName: null, capturedAtMs: null, durationMs: null, prepared: "as-is" },
      assets: [
        { role: "media", mediaType: "video/mp4", source: bytesSource(Buffer.from("media")) },
        { role: "captions", mediaType: "text/vtt", source: bytesSource(Buffer.from(CAPTIONS)) },
      ],
    })
    const told = scene.liar.lie({
      path: /\/stream$/,
      tell: ({ status, headers, body }) => {
        const changed = Buffer.from(body)
        changed[60] = (changed[60] ?? 0) ^ 1
        return { status, headers, body: changed }
      },
    })
    const { notIndexed } = await update()
    expect(notIndexed.map(({ error }) => (error as { readonly code: string }).code)).to.deep.equal(["integrity"])
    expect(told.delivered()).to.be.greaterThan(0)
    expect([found("peacocks"), found("orangery")]).to.deep.equal([[], ["Orangery"]])
    told.stop()
    expect(await isUpToDate(scene.bob.client, requireMeeting(scene.bob.client, meetingId), shard)).to.equal(false)
    expect((await update()).notIndexed).to.deep.equal([])
    expect(found("peacocks")).to.deep.equal(["The peacocks have eaten the begonias"])
  })
})
