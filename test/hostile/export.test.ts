import { cp, readFile, rm, stat, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { expect } from "chai"
import { type ExportedFile, type ExportManifest, hashOf } from "../../client/cli/export/manifest.js"
import { openJournalFolder } from "../../client/sdk/node/journal-folder.js"
import {
  ChatReader,
  type Client,
  type MeetingId,
  readMeeting,
  sendMessage,
  textContent,
  uploadRecording,
  uploadSentFile,
} from "../../client/sdk/index.js"
import { utf8 } from "../../shared/protocol/bytes.js"
import { formatId, parseId } from "../../shared/protocol/ids.js"
import { SEGMENT_BYTES } from "../../shared/protocol/sizes.js"
import { random } from "../support/people.js"
import { openHome } from "../support/secrets.js"
import { bytesSource } from "../support/sdk/sources.js"
import { type Lie, type Liar, rangeOf, startLiar } from "../support/liar.js"
import { type Stack, startStack } from "../support/stack.js"
import { type Terminals, terminalsAt } from "../support/taciturn.js"
import { forgedMessage, postForged } from "./chat-lies.js"

const CAPTIONS = "1\n00:00:00,000 --> 00:00:01,500\n<i>Fish & chips</i> --> 5 < 6\n"

describe("an export that lies, or is lied to", function () {
  this.timeout(120_000)
  let liar: Liar
  let stack: Stack
  let terminals: Terminals
  let client: Client
  let close: () => Promise<void>
  let meeting: string
  let meetingId: MeetingId
  let archive: string

  before(async () => {
    liar = await startLiar()
    stack = await startStack("embedded", { PUBLIC_URLS: liar.url })
    liar.target = stack.url
    terminals = await terminalsAt(liar.url)
    await terminals.succeed("alice", ["init"])
    ;({ meeting } = await terminals.succeed("alice", ["meeting", "create", "Evidence"]))
    meetingId = parseId("meeting", meeting)
    ;({ client, close } = await openHome(join(terminals.folder, "alice"), liar.url))
    await publish("Harbour", [
      ["media", "video/mp4", await readFile("test/data/meeting.mp4")],
      ["captions", "application/x-subrip", utf8(CAPTIONS)],
    ])
    const source = bytesSource(random(100_000))
    const file = await uploadSentFile(client, meetingId, { fileName: "plan: B.txt", mediaType: "text/plain", source })
    await sendMessage(client, meetingId, textContent("Here it is", { files: [file] }))
    const [first] = (await ChatReader.open(client, meetingId)).entries()
    if (first?.kind !== "authentic") return expect.fail("the message is there")
    const target = { messageId: first.messageId, hash: first.hash }
    for (const content of [
      textContent("Thanks", { replyTo: target }),
      { type: "reaction", target, reaction: "👍", isSet: true },
      { type: "edit", target, text: "Here it is, again", mentions: [] },
    ] as const)
      await sendMessage(client, meetingId, content)
    archive = await exported("archive")
  })
  after(async () => {
    await close()
    await stack.stop()
    await liar.stop()
    await terminals.close()
  })

  type Role = Parameters<typeof uploadRecording>[3]["assets"][number]["role"]

  async function publish(title: string, assets: readonly (readonly [Role, string, Uint8Array])[]): Promise<string> {
    const journal = await openJournalFolder(join(terminals.folder, "journals", title))
    const { recordingId } = await uploadRecording(client, meetingId, journal, {
      details: { title, fileName: null, capturedAtMs: null, durationMs: 2_000, prepared: "as-is" },
      assets: assets.map(([role, mediaType, bytes]) => ({ role, mediaType, source: bytesSource(bytes) })),
    })
    return formatId("recording", recordingId)
  }

  async function exported(name: string): Promise<string> {
    const folder = join(terminals.folder, name)
    await terminals.succeed("alice", ["export", meeting, "-o", folder])
    return folder
  }

  const manifestOf = async (folder: string): Promise<ExportManifest> =>
    JSON.parse(await readFile(join(folder, "export.json"), "utf8"))

  const meetingOf = async (folder: string): Promise<ExportManifest["meetings"][number]> => {
    const [one] = (await manifestOf(folder)).meetings
    return one ?? expect.fail("an exported meeting")
  }

  const verify = async (folder: string) => {
    const { json, exitCode } = await terminals.run("alice", ["export", "verify", folder, "--json"])
    return { exitCode, ...json }
  }

  /** Changes a copy, and the list with it, as somebody would who wants to be believed. */
  async function forged(
    change: (folder: string, one: ExportManifest["meetings"][number]) => Promise<unknown>,
  ): Promise<Awaited<ReturnType<typeof verify>>> {
    const copy = join(terminals.folder, "forged")
    await rm(copy, { recursive: true, force: true })
    await cp(archive, copy, { recursive: true })
    const changed = {
      ...(await manifestOf(copy)),
      ...((await change(copy, await meetingOf(copy))) as Partial<ExportManifest> | undefined),
    }
    const relisted = async (files: readonly ExportedFile[]): Promise<ExportedFile[]> =>
      await Promise.all(
        files.map(async (file) => ({ ...file, ...(await hashOf(join(copy, file.path)).catch(() => ({}))) })),
      )
    const meetings = await Promise.all(
      changed.meetings.map(async (one) => ({
        ...one,
        files: await relisted(one.files),
        recordings: await Promise.all(
          one.recordings.map(async (recording) => ({ ...recording, files: await relisted(recording.files) })),
        ),
      })),
    )
    await writeFile(
      join(copy, "export.json"),
      JSON.stringify({ ...changed, meetings, files: await relisted(changed.files) }),
    )
    return await verify(copy)
  }

  const refusals = ({ faults }: Awaited<ReturnType<typeof verify>>): readonly (readonly [string, string])[] =>
    faults.map(({ path, code }: { readonly path: string; readonly code: string }) => [path, code])

  it("says of an honest one what is proved, by whom, and what is not (EX6)", async () => {
    const { folder, recordings } = await meetingOf(archive)
    const [recording] = recordings
    const { account } = await manifestOf(archive)
    expect(await verify(archive)).to.deep.include({
      exitCode: 0,
      isWhole: true,
      proved: 3,
      provedMessages: 2,
      provedBy: [{ account, files: 3, messages: 2 }],
      unprovedLines: 0,
      notProved: [
        { path: "index.html", why: "page" },
        { path: `${folder}/chat.html`, why: "page" },
        { path: `${folder}/index.html`, why: "page" },
        { path: `${recording?.folder}/captions-1.vtt`, why: "converted" },
      ],
      missing: [],
      faults: [],
      strangers: [],
    })
  })

  it("gives captions that were no WebVTT as that, too, and names the file of a message in the chat and its page", async () => {
    const { folder, recordings } = await meetingOf(archive)
    expect(await readFile(join(archive, recordings[0]?.folder ?? "", "captions-1.vtt"), "utf8")).to.equal(
      "WEBVTT\n\n00:00:00.000 --> 00:00:01.500\nFish &amp; chips --&gt; 5 &lt; 6\n",
    )
    const chat = JSON.parse(await readFile(join(archive, folder, "chat.json"), "utf8"))
    const [{ message, files }] = chat.messages
    const path = `files/${message}-0 plan_ B.txt`
    expect(files).to.deep.equal([{ fileName: "plan: B.txt", sizeBytes: 100_000, path }])
    expect((await stat(join(archive, folder, path))).size).to.equal(100_000)
    expect(await readFile(join(archive, folder, "chat.html"), "utf8")).to.contain(
      `<a href="files/${message}-0%20plan_%20B.txt">plan: B.txt</a>`,
    )
  })

  it("does not pass with another film whose proof was dropped, nor with one put beside it (EX3)", async () => {
    const film = (one: ExportManifest["meetings"][number]): ExportedFile =>
      one.recordings[0]?.files.find(({ path }) => path.endsWith(".mp4")) ?? expect.fail("a film")
    const listing = (
      one: ExportManifest["meetings"][number],
      files: readonly ExportedFile[],
    ): Pick<ExportManifest, "meetings"> => ({
      meetings: [{ ...one, recordings: one.recordings.map((recording) => ({ ...recording, files: [...files] })) }],
    })
    const { path } = film(await meetingOf(archive))
    const dropped = await forged(async (folder, one) => {
      const { proof } = film(one)
      await writeFile(join(folder, path), random(1_000))
      await rm(join(folder, proof ?? ""))
      const files = one.recordings[0]?.files ?? []
      return listing(
        one,
        files.map((file) => (file.path === path ? { ...file, proof: null } : file)),
      )
    })
    expect([dropped.exitCode, dropped.isWhole, refusals(dropped)]).to.deep.equal([3, false, [[path, "integrity"]]])
    const unlisted = await forged((_, one) =>
      Promise.resolve(listing(one, one.recordings[0]?.files.filter((file) => file.path !== path) ?? [])),
    )
    expect([unlisted.exitCode, refusals(unlisted)]).to.deep.equal([
      3,
      [[(await meetingOf(archive)).recordings[0]?.folder, "integrity"]],
    ])
    const beside = `${path}.mov`
    const added = await forged(async (folder, one) => {
      await writeFile(join(folder, beside), random(1_000))
      return listing(one, [
        ...(one.recordings[0]?.files ?? []),
        { path: beside, proof: null, ...(await hashOf(join(folder, beside))) },
      ])
    })
    expect([added.exitCode, refusals(added)]).to.deep.equal([3, [[beside, "integrity"]]])
  })

  it("nor with words, answers, reactions, deletions or files that nobody signed (EX5)", async () => {
    const { folder } = await meetingOf(archive)
    const path = `${folder}/chat.json`
    const chat = JSON.parse(await readFile(join(archive, path), "utf8"))
    const [first, second] = chat.messages
    const bob = `acct_${"a".repeat(32)}`
    for (const messages of [
      [...chat.messages, { author: "acct_bob", type: "text", text: "I confess" }],
      [...chat.messages, { state: "gap", from: 1, to: 2, text: "I confess" }],
      [...chat.messages, first],
      [{ ...first, text: "Here it is" }, second],
      [{ ...first, edited: null }, second],
      [{ ...first, reactions: [{ reaction: "👍", authors: [first.author, bob] }] }, second],
      [{ ...first, reactions: [{ reaction: "👎", authors: [first.author] }] }, second],
      [{ ...first, text: null, deletedBy: bob }, second],
      [first, { ...second, replyTo: null }],
      [first, { ...second, mentions: [bob] }],
      [{ ...first, files: [{ ...first.files[0], fileName: "other.txt" }] }, second],
      [{ ...first, files: [{ ...first.files[0], path: "../../export.json" }] }, second],
    ]) {
      const said = JSON.stringify(messages)
      const refused = await forged(async (copy) => {
        await writeFile(join(copy, path), JSON.stringify({ ...chat, messages }))
      })
      expect([refused.exitCode, refused.isWhole], said).to.deep.equal([3, false])
      expect(
        refusals(refused).every(([, code]) => ["integrity", "malformed"].includes(code)),
        said,
      ).to.equal(true)
    }
  })

  it("nor with another file for a message's, even with the list (EX5)", async () => {
    const { files } = await meetingOf(archive)
    const sent = files.find(({ path }) => path.includes("/files/"))?.path ?? ""
    const changed = await forged(async (copy) => {
      await writeFile(join(copy, sent), random(100_000))
    })
    expect([changed.exitCode, refusals(changed)]).to.deep.equal([3, [[sent, "integrity"]]])
  })

  it("names what is missing: pages and chats, on the disk or in the list (EX1)", async () => {
    const { folder } = await meetingOf(archive)
    for (const path of ["index.html", `${folder}/index.html`, `${folder}/chat.html`, `${folder}/chat.json`]) {
      const without = (files: readonly ExportedFile[]): ExportedFile[] => files.filter((file) => file.path !== path)
      const removed = await forged(async (copy) => {
        await rm(join(copy, path))
      })
      expect([removed.exitCode, refusals(removed)], path).to.deep.equal([3, [[path, "integrity"]]])
      const unlisted = await forged(async (copy, one) => {
        await rm(join(copy, path))
        return { files: without((await manifestOf(copy)).files), meetings: [{ ...one, files: without(one.files) }] }
      })
      expect([unlisted.exitCode, refusals(unlisted)], path).to.deep.equal([3, [[path, "integrity"]]])
    }
    const noFolder = await forged(async (copy) => {
      await rm(join(copy, folder), { recursive: true })
    })
    expect([noFolder.exitCode, noFolder.isWhole, noFolder.proved, noFolder.provedMessages]).to.deep.equal([
      3,
      false,
      0,
      0,
    ])
    const copy = join(terminals.folder, "other-page")
    await cp(archive, copy, { recursive: true })
    await writeFile(join(copy, "index.html"), "Bob confesses")
    expect(refusals(await verify(copy))).to.deep.equal([["index.html", "integrity"]])
  })

  it("killed when a file had its name, goes on with that file, and fetches none of it again", async () => {
    const folder = join(terminals.folder, "killed")
    const killed = await terminals.run("alice", ["export", meeting, "-o", folder], {
      TACITURN_FAILPOINT: "export.file-named",
    })
    expect(killed.exitCode).to.equal(null)
    const film = (await meetingOf(archive)).recordings[0]?.files[0]?.path ?? ""
    const before = await stat(join(folder, film))
    liar.asked()
    await exported("killed")
    const asset = (await readMeeting(client, meetingId)).recordings[0]?.opened?.assets[0]?.header.assetId
    const stream = `${formatId("asset", asset ?? expect.fail("a film"))}/stream`
    const starts = liar.asked().flatMap((asked) => (asked.path.endsWith(stream) ? [rangeOf(asked).start] : []))
    expect((await stat(join(folder, film))).ino).to.equal(before.ino)
    expect(await readFile(join(folder, film))).to.deep.equal(await readFile("test/data/meeting.mp4"))
    // The last segment is verified in any case.
    expect(starts).to.have.length(1)
    expect(starts[0]).to.be.greaterThan(before.size - SEGMENT_BYTES)
    expect(await verify(folder)).to.deep.include({ exitCode: 0, isWhole: true })
  })

  it("loses nothing but a poster that the server changes, and an import that can't be read", async () => {
    const recording = await publish("Boats", [
      ["media", "video/mp4", await readFile("test/data/meeting.mp4")],
      ["poster", "image/jpeg", random(200_000)],
      ["import", "application/cbor", utf8("no record")],
    ])
    const poster = (await readMeeting(client, meetingId)).recordings.at(-1)?.opened?.assets[1]
    const id = formatId("asset", poster?.header.assetId ?? expect.fail("a poster"))
    const lie: Lie = {
      path: new RegExp(`${id}/stream$`),
      tell: ({ body }) => Buffer.from(body).fill(0, 0, 100),
    }
    const told = liar.lie(lie)
    const folder = join(terminals.folder, "lacking")
    const { exitCode, json } = await terminals.run("alice", ["export", meeting, "-o", folder, "--json"])
    told.stop()
    expect(told.delivered()).to.be.greaterThan(0)
    expect([
      exitCode,
      json.missing.map(({ what, code }: { what: string; code: string }) => [what, code]),
    ]).to.deep.equal([
      1,
      [
        [`${recording}, poster`, "integrity"],
        [`${recording}, imported.json`, "malformed"],
      ],
    ])
    const checked = await verify(folder)
    expect([checked.exitCode, checked.isWhole, checked.faults, checked.missing.length]).to.deep.equal([1, false, [], 2])
    const files = (await meetingOf(folder)).recordings
      .at(-1)
      ?.files.map(({ path }) => path.slice(path.lastIndexOf("/") + 1))
    expect(files).to.deep.equal(["Boats.mp4", "import-2.cbor"])
  })

  it("is made although a member's messages contradict each other", async () => {
    const log = await readMeeting(client, meetingId)
    for (const counter of [900, 901, 901]) {
      const raw = await forgedMessage({ client }, log, `no ${counter}`, { counter, prev: random(32) })
      await postForged({ client }, log, raw)
    }
    const folder = join(terminals.folder, "contradicting")
    await terminals.run("alice", ["export", meeting, "-o", folder])
    const checked = await verify(folder)
    expect([checked.faults, checked.provedMessages]).to.deep.equal([[], 5])
  })
})
