import { expect } from "chai"
import {
  acceptInvitation,
  addMember,
  bringUpToDate,
  ChatReader,
  createMeeting,
  deleteRecording,
  foldChat,
  isOver,
  isUpToDate,
  leaveMeeting,
  listInvitations,
  type MeetingId,
  openJournalFolder,
  openSearchFolder,
  renameRecording,
  SearchShard,
  sendMessage,
  textContent,
  type Transport,
  uploadRecording,
  whoAmI,
} from "../../../client/sdk/index.js"
import { equalBytes } from "../../../shared/protocol/bytes.js"
import type { MessageContent, MessageTarget } from "../../../shared/protocol/message-content.js"
import { startClient, startService, type Service, type TestClient } from "../../support/sdk/clients.js"
import { bytesSource } from "../../support/sdk/sources.js"
import { readdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { requireMeeting } from "../../../client/sdk/meetings.js"
import { letGoOf } from "../../../client/sdk/search/shard.js"
import type { SearchVolume } from "../../../client/sdk/search/volume.js"
import { ArchiveError } from "../../../shared/protocol/errors.js"

describe("SDK: search", function () {
  this.timeout(120_000)
  const signal = new AbortController().signal
  let service: Service
  let alice: TestClient
  let bob: TestClient
  let meetingId: MeetingId

  before(async () => {
    service = await startService()
    alice = await startClient(service, "Alice's laptop")
    bob = await startClient(service, "Bob's phone")
    meetingId = await createMeeting(alice.client, "Quarterly numbers")
    await addMember(alice.client, meetingId, whoAmI(bob.client).accountId)
    const [waiting] = await listInvitations(bob.client)
    await acceptInvitation(bob.client, waiting!)
  })
  after(async () => {
    for (const person of [alice, bob]) await person.close()
    await service.stop()
  })

  async function say({ client }: TestClient, content: MessageContent): Promise<MessageTarget> {
    const { messageId, trouble } = await sendMessage(client, meetingId, content)
    expect(trouble).to.equal(null)
    const entry = (await ChatReader.open(client, meetingId)).entries().at(-1)
    if (entry?.kind !== "authentic") return expect.fail("it is not there")
    return { messageId, hash: entry.hash }
  }

  const texts = (shard: SearchShard, query: string): readonly string[] =>
    shard
      .search(query)
      .map(({ kind, text }) => `${kind}: ${text}`)
      .toSorted()
  const index = async (shard: SearchShard, client = bob.client) =>
    await bringUpToDate(client, meetingId, shard, { signal })

  it("reads what is new, and takes out what was edited, deleted, renamed or withdrawn since (Y6)", async () => {
    const shard = SearchShard.empty()
    const first = await say(alice, textContent("the *elephant* in the room"))
    const second = await say(bob, textContent("another elephant"))
    const journal = await openJournalFolder(join(alice.home, "upload"))
    const { recordingId } = await uploadRecording(alice.client, meetingId, journal, {
      details: {
        title: "Elephants",
        fileName: "elephant-walk.mp4",
        capturedAtMs: 0,
        durationMs: null,
        prepared: "as-is",
      },
      assets: [
        { role: "media", mediaType: "video/mp4", source: bytesSource(Buffer.from("media")) },
        {
          role: "captions",
          mediaType: "text/vtt",
          source: bytesSource(Buffer.from("WEBVTT\n\n00:01.000 --> 00:02.000\nRingo Starr: trunks up\n")),
        },
      ],
    })
    expect((await index(shard)).isChanged).to.equal(true)
    expect(texts(shard, "elephant")).to.deep.equal([
      "message: another elephant",
      "message: the *elephant* in the room",
      "recording: Elephants",
    ])
    expect(texts(shard, "quarterly")).to.deep.equal(["meeting: Quarterly numbers"])
    const [caption] = shard.search("trunks", { author: { account: null, name: "ringo" } })
    expect([caption?.placeMs, caption?.claimedAuthor, caption?.author]).to.deep.equal([1_000, "Ringo Starr", null])
    expect((await index(shard)).isChanged).to.equal(false)
    await say(alice, { type: "edit", target: first, text: "the giraffe", mentions: [] })
    await say(bob, { type: "deletion", target: second })
    await renameRecording(alice.client, recordingId, "Giraffes")
    expect((await index(shard)).isChanged).to.equal(true)
    expect([texts(shard, "elephant"), texts(shard, "giraffe")]).to.deep.equal([
      ["recording: Giraffes"],
      ["message: the giraffe", "recording: Giraffes"],
    ])
    await deleteRecording(alice.client, recordingId)
    await index(shard)
    expect([texts(shard, "giraffes"), texts(shard, "trunks")]).to.deep.equal([["message: the giraffe"], []])
  })

  it("a chat of many pages is indexed as it stands, whatever changes what in which page, and again once it changed", async () => {
    const long = await createMeeting(alice.client, "Long")
    await addMember(alice.client, long, whoAmI(bob.client).accountId)
    const [waiting] = await listInvitations(bob.client)
    await acceptInvitation(bob.client, waiting!)
    let targets: readonly (MessageTarget & { readonly by: TestClient })[] = []
    const post = async (by: TestClient, content: MessageContent): Promise<void> => {
      expect((await sendMessage(by.client, long, content)).trouble).to.equal(null)
    }
    const learn = async (): Promise<void> => {
      targets = (await ChatReader.open(bob.client, long)).entries().flatMap((entry) => {
        if (entry.kind !== "authentic" || entry.content.type !== "text") return []
        const isBobs = equalBytes(entry.statement.authorGenesisHash, bob.client.state.current.secrets.genesisHash)
        return [{ messageId: entry.messageId, hash: entry.hash, by: isBobs ? bob : alice }]
      })
    }
    const change = async (at: number, text: string | null, by = targets.at(at)!.by): Promise<void> => {
      const { messageId, hash } = targets.at(at)!
      const target = { messageId, hash }
      await post(by, text === null ? { type: "deletion", target } : { type: "edit", target, text, mentions: [] })
    }
    // The only one of Bob's for long.
    await post(bob, textContent("heron 0"))
    for (let n = 1; n < 12; n++) await post(alice, textContent(`heron ${n}`))
    await learn()
    await change(3, "egret 3")
    await change(0, "egret 0")
    await change(4, null)
    await change(5, "not by its author", bob)
    for (let n = 12; n < 17; n++) await post(n % 2 === 0 ? alice : bob, textContent(`heron ${n}`))
    await change(3, "egret 3 again")
    await change(6, null)
    await post(bob, { type: "reaction", target: targets.at(7)!, reaction: "👍", isSet: true })

    const shard = SearchShard.empty()
    const asked: string[] = []
    const listening: Transport = async (request) => {
      asked.push(request.url)
      return await bob.transport(request)
    }
    const client = bob.again({ transport: listening })
    const options = { signal, pageMessages: 3 }
    await bringUpToDate(client, long, shard, options)
    // It is read once: nothing in it is out of the ordinary.
    const pages = asked.filter((url) => /messages\?(limit|before)=/.test(url))
    expect([pages.length, new Set(pages).size]).to.deep.equal([8, 8])
    const stands = async (): Promise<readonly string[]> => {
      const reader = await ChatReader.open(bob.client, long)
      return foldChat(reader.entries(), reader.log.epochs)
        .flatMap((line) => (line.kind === "text" && line.text !== null ? [`message: ${line.text}`] : []))
        .toSorted()
    }
    const found = (): readonly string[] =>
      shard
        .search("", {})
        .flatMap(({ kind, text }) => (kind === "message" ? [`${kind}: ${text}`] : []))
        .toSorted()
    expect(found()).to.deep.equal(await stands())
    expect(found()).to.include("message: egret 3 again").and.not.to.include("message: heron 4")
    // What is changed stands far behind where it was read to.
    for (const [at, text] of [
      [1, "egret 1"],
      [2, null],
      [0, "egret 0 again"],
    ] as const)
      await change(at, text)
    await post(alice, textContent("heron 17"))
    await bringUpToDate(client, long, shard, options)
    expect(found()).to.deep.equal(await stands())
    expect(shard.search("heron").map(({ text }) => text))
      .to.include("heron 17")
      .and.not.to.include("heron 2")

    // With volumes that are kept and let go of as soon as they are full, and opened anew: from the first message on, and from where an older index was read to.
    const volumes = new Map<string, Uint8Array>()
    const [key, meetingHash] = [new Uint8Array(32), long]
    const write = async (name: string, sealed: Uint8Array): Promise<void> => {
      await Promise.resolve(volumes.set(name, sealed))
    }
    const lettingGo = {
      ...options,
      volumeMessages: 3,
      letGo: async (volume: SearchVolume) => await letGoOf(volume, key, meetingHash, client.random, write),
    }
    const openAnew = async (kept: SearchShard): Promise<SearchShard> => {
      const { head } = await kept.seal(key, meetingHash, client.random, { names: new Set(volumes.keys()), write })
      return await SearchShard.open(key, meetingHash, head, async (name) => Promise.resolve(volumes.get(name) ?? null))
    }
    const fresh = SearchShard.empty()
    await bringUpToDate(client, long, fresh, lettingGo)
    expect([fresh.isWhole, volumes.size]).to.deep.equal([false, Math.floor((await stands()).length / 3)])
    const all = shard.search("", {}).map(({ id }) => id)
    const opened = await openAnew(fresh)
    expect(opened.search("", {}).map(({ id }) => id))
      .to.have.members(all)
      .and.have.lengthOf(all.length)
    for (let n = 18; n < 22; n++) await post(alice, textContent(`heron ${n}`))
    await change(1, "egret 1 again")
    await change(5, "egret 5")
    const interrupted = new ArchiveError("interrupted", "amid it")
    const amid = bringUpToDate(client, long, opened, {
      ...lettingGo,
      letGo: async () => await Promise.reject(interrupted),
    })
    expect(await amid.catch((error: unknown) => error)).to.equal(interrupted)
    // It has what it had, until all that is new is there.
    expect(opened.search("", {}).map(({ id }) => id)).to.have.members(all)
    await bringUpToDate(client, long, opened, lettingGo)
    expect(opened.isWhole).to.equal(false)
    const again = await openAnew(opened)
    await bringUpToDate(client, long, shard, options)
    const messages = (each: SearchShard): readonly string[] =>
      each.search("", {}).map(({ id, text }) => `${id}: ${text}`)
    expect(messages(again)).to.have.members(messages(shard)).and.have.lengthOf(messages(shard).length)
    expect(found()).to.deep.equal(await stands())
  })

  it("an edit by somebody else changes nothing of what is found", async () => {
    const shard = SearchShard.empty()
    const said = await say(alice, textContent("walrus"))
    await say(bob, { type: "edit", target: said, text: "penguin", mentions: [] })
    await index(shard)
    expect([texts(shard, "walrus"), texts(shard, "penguin")]).to.deep.equal([["message: walrus"], []])
  })

  it("is asked by two small requests whether there is anything new, and of a meeting that one is no member of nothing stays (Y6)", async () => {
    const asked: string[] = []
    const listening: Transport = async (request) => {
      asked.push(request.url)
      return await bob.transport(request)
    }
    const client = bob.again({ transport: listening })
    const other = await createMeeting(alice.client, "Short-lived")
    await addMember(alice.client, other, whoAmI(bob.client).accountId)
    const waiting = (await listInvitations(client)).find(({ invitation }) => invitation?.title === "Short-lived")
    await acceptInvitation(client, waiting!)
    const shard = SearchShard.empty()
    const isSettled = async (): Promise<boolean> => await isUpToDate(client, requireMeeting(client, other), shard)
    expect(await isSettled()).to.equal(false)
    await bringUpToDate(client, other, shard, { signal })
    asked.length = 0
    expect(await isSettled()).to.equal(true)
    expect(asked.filter((url) => !url.includes("token") && !url.includes("challenge"))).to.have.length(2)
    await sendMessage(alice.client, other, textContent("a heron"))
    expect(await isSettled()).to.equal(false)
    await bringUpToDate(client, other, shard, { signal })
    expect([await isSettled(), texts(shard, "heron")]).to.deep.equal([true, ["message: a heron"]])
    const refusal = async (): Promise<unknown> =>
      await bringUpToDate(client, other, shard, { signal }).catch((reason: unknown) => reason)
    await leaveMeeting(client, other)
    expect(isOver(await refusal()), "left").to.equal(true)
    // What seals next leaves out who left.
    await sendMessage(alice.client, other, textContent("without him"))
    expect(await isSettled().catch(() => false)).to.equal(false)
    expect(isOver(await refusal()), "taken out").to.equal(true)
  })

  it("neither what is read nor a query reaches the server, or stands on the disk (Y6)", async () => {
    const sent: string[] = []
    const listening: Transport = async (request) => {
      sent.push(request.url, Buffer.from(request.body ?? []).toString())
      return await bob.transport(request)
    }
    const client = bob.again({ transport: listening })
    const { meetingHash } = requireMeeting(client, meetingId)
    const place = join(bob.home, "search")
    const folder = await openSearchFolder(client, place)
    const shard = await folder.load(meetingHash)
    await index(shard, client)
    await folder.save(meetingHash, shard)
    const asked = sent.length
    expect(asked).to.be.greaterThan(0)
    expect(texts(await folder.load(meetingHash), "walrus")).to.deep.equal(["message: walrus"])
    expect(sent).to.have.length(asked)
    expect(sent.join()).not.to.match(/walrus|giraffe/i)
    const [name = ""] = await readdir(place)
    const sealed = await readFile(join(place, name))
    expect(sealed.toString("latin1")).not.to.match(/walrus|giraffe|message/i)
    await writeFile(join(place, name), sealed.subarray(0, -1))
    const anew = await folder.load(meetingHash)
    expect(anew.size).to.equal(0)
    await index(anew, client)
    expect(texts(anew, "walrus")).to.deep.equal(["message: walrus"])
  })
})
