import { appendFile, copyFile, cp, mkdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises"
import { createHash } from "node:crypto"
import { join } from "node:path"
import { expect } from "chai"
import type { ExportedFile, ExportManifest } from "../../client/cli/export/manifest.js"
import { openTerminals } from "../support/taciturn.js"

/** What somebody may type who wants to be more than text. */
const MARKUP = `<script>alert(1)</script><img src=x onerror="alert(1)">"'><a href="javascript:alert(1)">`

describe("exporting a meeting, through the taciturn command", function () {
  this.timeout(300_000)
  let terminals: Awaited<ReturnType<typeof openTerminals>>
  let meeting: string
  let archive: string
  const away = { TACITURN_URL: "http://127.0.0.1:9", TACITURN_HOME: "/nonexistent" }

  before(async () => {
    terminals = await openTerminals()
    await terminals.succeed("alice", ["init"])
    ;({ meeting } = await terminals.succeed("alice", ["meeting", "create", `Weekly ${MARKUP}`]))
    const zoom = join(terminals.folder, "zoom")
    await cp("test/data/zoom-meeting", zoom, { recursive: true })
    await copyFile("test/data/meeting.mp4", join(zoom, "meeting001_video.mp4"))
    await writeFile(join(zoom, "meeting001_chat.txt"), `00:00:01\tEve ${MARKUP}:\t${MARKUP}\n`)
    await terminals.succeed("alice", ["import", "zoom", meeting, zoom])
    await terminals.succeed("alice", ["chat", "send", meeting, MARKUP])
    archive = join(terminals.folder, "archive")
  })
  after(() => terminals.close())

  const manifestOf = async (folder: string): Promise<ExportManifest> =>
    JSON.parse(await readFile(join(folder, "export.json"), "utf8"))
  const filesOf = async (folder: string): Promise<readonly ExportedFile[]> =>
    (await manifestOf(folder)).meetings.flatMap(({ files, recordings }) => [
      ...files,
      ...recordings.flatMap((recording) => recording.files),
    ])
  const verify = async (folder: string) => {
    const { json, exitCode } = await terminals.run("alice", ["export", "verify", folder, "--json"], away)
    return { exitCode, ...json }
  }

  it("everything is there as files, and is verified on a machine that has no account and no server", async () => {
    const done = await terminals.succeed("alice", ["export", meeting, "-o", archive])
    expect(done).to.deep.equal({
      folder: archive,
      meetings: 1,
      recordings: 1,
      messages: 1,
      former: [],
      missing: [],
      failed: [],
    })
    const names = (await filesOf(archive)).map(({ path }) => path.slice(path.lastIndexOf("/") + 1))
    expect(names).to.include.members(["chat.json", "chat.html", "index.html", "captions-3.vtt", "imported.json"])
    expect(names.some((name) => name.endsWith(".mp4"))).to.equal(true)
    const checked = await verify(archive)
    expect(checked).to.deep.include({ exitCode: 0, isWhole: true, faults: [], strangers: [] })
    expect(checked.proved).to.equal((await filesOf(archive)).filter(({ proof }) => proof !== null).length)
    expect(checked.proved).to.be.greaterThan(3)
    expect(checked.provedMessages).to.equal(1)
    const captions = (await filesOf(archive)).find(({ path }) => path.endsWith("captions-3.vtt"))
    expect(await readFile(join(archive, captions?.path ?? ""))).to.deep.equal(
      Buffer.from(
        (await readFile("test/data/zoom-meeting/meeting001_transcript.vtt", "utf8")).replaceAll("\r\n", "\n"),
      ),
    )
  })

  it("a page has no script and a policy that allows none, and what others wrote is text in it (EX4)", async () => {
    const pages = (await filesOf(archive)).filter(({ path }) => path.endsWith(".html")).map(({ path }) => path)
    for (const path of [...pages, "index.html"]) {
      const html = await readFile(join(archive, path), "utf8")
      expect(html, path).to.contain("default-src 'none'")
      expect(html, path).not.to.match(/<script|<img|onerror="|href="javascript|https?:/i)
      expect(html, path).to.contain("&lt;script&gt;")
    }
  })

  it("called again it fetches what is new, and leaves what it has", async () => {
    const media = (await filesOf(archive)).find(({ path }) => path.endsWith(".mp4"))?.path ?? ""
    const before = await stat(join(archive, media))
    await copyFile("test/data/meeting.mp4", join(terminals.folder, "second.mp4"))
    await terminals.succeed("alice", ["upload", meeting, "second.mp4"])
    expect((await terminals.succeed("alice", ["export", "--all", "-o", archive])).recordings).to.equal(2)
    const after = await stat(join(archive, media))
    expect([after.ino, after.mtimeMs]).to.deep.equal([before.ino, before.mtimeMs])
    expect(await verify(archive)).to.deep.include({ exitCode: 0, isWhole: true })
  })

  it("what is missing, changed, a link, or leads out of the folder is refused by name (EX1)", async () => {
    const copy = join(terminals.folder, "changed")
    await cp(archive, copy, { recursive: true })
    const [chat, media] = [
      (await filesOf(copy)).find(({ path }) => path.endsWith("chat.json")),
      (await filesOf(copy)).find(({ path }) => path.endsWith(".mp4")),
    ]
    await appendFile(join(copy, chat?.path ?? ""), " ")
    await rm(join(copy, media?.path ?? ""))
    await symlink(join(archive, media?.path ?? ""), join(copy, media?.path ?? ""))
    await writeFile(join(copy, "stranger.txt"), "x")
    const checked = await verify(copy)
    expect([checked.exitCode, checked.isWhole, checked.strangers]).to.deep.equal([3, false, ["stranger.txt"]])
    expect(
      checked.faults.map(({ path, code }: ExportedFile & { readonly code: string }) => [path, code]),
    ).to.have.deep.members([
      [chat?.path, "integrity"],
      [media?.path, "integrity"],
    ])
    const manifest = await readFile(join(copy, "export.json"), "utf8")
    for (const path of ["../secret", "/etc/passwd", "a/../../b", "a\\\\b", ""]) {
      await writeFile(join(copy, "export.json"), manifest.replace(JSON.stringify(chat?.path), `"${path}"`))
      expect([(await verify(copy)).exitCode, (await verify(copy)).error?.code], path).to.deep.equal([3, "malformed"])
    }
  })

  it("a file that was changed together with the list is refused by its proof (EX2)", async () => {
    const copy = join(terminals.folder, "forged")
    await cp(archive, copy, { recursive: true })
    const media = (await filesOf(copy)).find(({ path }) => path.endsWith(".mp4"))
    const bytes = await readFile(join(copy, media?.path ?? ""))
    bytes[70_000] = (bytes[70_000] ?? 0) ^ 1
    await writeFile(join(copy, media?.path ?? ""), bytes)
    const forged = (await readFile(join(copy, "export.json"), "utf8")).replace(
      media?.sha256 ?? "",
      createHash("sha256").update(bytes).digest("hex"),
    )
    await writeFile(join(copy, "export.json"), forged)
    const checked = await verify(copy)
    expect(checked.exitCode).to.equal(3)
    expect(checked.faults).to.have.length(1)
    expect(checked.faults[0]).to.include({ path: media?.path, code: "integrity" })
    expect(checked.faults[0].reason).to.contain("segment 1")
  })

  it("nor does a chat pass in which something was changed, added, or left out (EX5)", async () => {
    const path = (await filesOf(archive)).find((file) => file.path.endsWith("chat.json"))?.path ?? ""
    const original = await readFile(join(archive, path), "utf8")
    const manifest = await readFile(join(archive, "export.json"), "utf8")
    const chat = JSON.parse(original) as { readonly messages: readonly Record<string, unknown>[] }
    const [message] = chat.messages
    const copy = join(terminals.folder, "other-words")
    await cp(archive, copy, { recursive: true })
    for (const [messages, isWhole] of [
      [chat.messages, true],
      [[{ ...message, text: "never said" }], false],
      [[{ ...message, time: "2001-01-01T00:00:00.000Z" }], false],
      [[{ ...message, author: `acct_${"a".repeat(32)}` }], false],
      [[...chat.messages, { ...message, message: `msg_${"a".repeat(32)}` }], false],
      [[], false],
    ] as const) {
      const text = JSON.stringify({ ...chat, messages })
      const hash = (bytes: string): string => createHash("sha256").update(bytes).digest("hex")
      await writeFile(join(copy, path), text)
      const sized = manifest.replace(
        `"sizeBytes": ${Buffer.byteLength(original)},\n`,
        `"sizeBytes": ${Buffer.byteLength(text)},\n`,
      )
      await writeFile(join(copy, "export.json"), sized.replace(hash(original), hash(text)))
      const checked = await verify(copy)
      const faults = checked.faults.map(({ path: of, code }: { readonly path: string; readonly code: string }) => [
        of,
        code,
      ])
      expect([checked.isWhole, faults], text).to.deep.equal([isWhole, isWhole ? [] : [[path, "integrity"]]])
    }
  })

  it("nor does one recording pass for another, with its own proof (EX3)", async () => {
    const copy = join(terminals.folder, "swapped")
    await cp(archive, copy, { recursive: true })
    const manifest = await manifestOf(copy)
    const [first, second] = manifest.meetings[0]?.recordings ?? []
    await writeFile(
      join(copy, "export.json"),
      JSON.stringify({
        ...manifest,
        meetings: [
          {
            ...manifest.meetings[0],
            recordings: [
              { ...first, files: second?.files },
              { ...second, files: first?.files },
            ],
          },
        ],
      }),
    )
    const checked = await verify(copy)
    expect(checked.exitCode).to.equal(3)
    expect(new Set(checked.faults.map(({ code }: { readonly code: string }) => code))).to.deep.equal(
      new Set(["integrity"]),
    )
    expect(checked.faults.length).to.be.greaterThan(2)
  })

  it("what its meeting has no more stays, is named, and is no stranger to the next check (EX6)", async () => {
    const { meeting: other } = await terminals.succeed("alice", ["meeting", "create", "Regrets"])
    const place = join(terminals.folder, "regrets")
    await writeFile(join(terminals.folder, "slides.txt"), "slides")
    const send = ["chat", "send", other, "the slides", "--file", "slides.txt"]
    const { message } = await terminals.succeed("alice", send)
    const call = ["export", other, "-o", place]
    await terminals.succeed("alice", call)
    const path = (await filesOf(place)).find((file) => file.path.endsWith("slides.txt"))?.path ?? ""
    await terminals.succeed("alice", ["chat", "delete", other, message])
    for (let run = 0; run < 2; run++) {
      expect((await terminals.succeed("alice", call)).former).to.deep.equal([path])
      const checked = await verify(place)
      expect(checked).to.deep.include({ exitCode: 0, isWhole: true, strangers: [] })
      expect(checked.notProved).to.deep.include({ path, why: "former" })
    }
    await appendFile(join(place, path), "!")
    expect((await verify(place)).faults.map((fault: ExportedFile) => fault.path)).to.deep.equal([path])
    await rm(join(place, path))
    expect((await terminals.succeed("alice", call)).former).to.deep.equal([])
    expect(await verify(place)).to.deep.include({ exitCode: 0, isWhole: true, strangers: [] })
  })

  it("wrong arguments are refused, and another account's export is left alone", async () => {
    const usage = [2, "usage"]
    for (const [args, expected] of [
      [[meeting], usage],
      [["-o", "x"], usage],
      [[meeting, "--all", "-o", "x"], usage],
      [["nonsense", "-o", "x"], usage],
      [["verify", "nowhere"], usage],
      [["verify"], usage],
    ] as const)
      expect(await terminals.fail("alice", ["export", ...args]), args.join(" ")).to.deep.equal(expected)
    await terminals.succeed("bob", ["init"])
    expect(await terminals.fail("bob", ["export", "--all", "-o", archive])).to.deep.equal([1, "exists"])
    const nothing = join(terminals.folder, "nothing")
    await mkdir(nothing)
    expect(await terminals.fail("bob", ["export", meeting, "-o", nothing])).to.deep.equal([1, "not-found"])
  })
})
