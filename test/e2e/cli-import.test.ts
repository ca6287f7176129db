import {
  appendFile,
  copyFile,
  cp,
  mkdir,
  readdir,
  readFile,
  rename,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises"
import { join } from "node:path"
import { expect } from "chai"
import { parseCaptions } from "../../client/sdk/captions.js"
import { sampleOf } from "../support/sample.js"
import { openTerminals } from "../support/taciturn.js"

const REAL = "test/data/zoom-meeting"

interface Outcome {
  readonly state: string
  readonly importedBy: string | null
}

describe("importing what was recorded elsewhere, through the taciturn command", function () {
  this.timeout(300_000)
  let terminals: Awaited<ReturnType<typeof openTerminals>>
  let meeting: string
  let alice: string
  let folder: string

  before(async () => {
    terminals = await openTerminals()
    alice = (await terminals.succeed("alice", ["init"])).account
    const bob = (await terminals.succeed("bob", ["init"])).account
    ;({ meeting } = await terminals.succeed("alice", ["meeting", "create", "Reunion"]))
    await terminals.succeed("alice", ["meeting", "add", meeting, bob])
    await terminals.succeed("bob", ["meeting", "join", "--all"])
    folder = join(terminals.folder, "zoom-meeting")
    await cp(REAL, folder, { recursive: true })
    await copyFile("test/data/meeting.mp4", join(folder, "meeting001_video.mp4"))
  })
  after(() => terminals.close())

  const uploadsOf = async (person: string): Promise<readonly string[]> => {
    const home = terminals.environmentOf(person)["TACITURN_HOME"] ?? ""
    return (await readdir(join(home, "uploads"))).filter((name) => !name.endsWith(".lock"))
  }
  const zoom = async (...args: readonly string[]) =>
    await terminals.succeed("alice", ["import", "zoom", meeting, ...args])

  it("the real Zoom folder: what would be imported is said, then it is, and a second run imports nothing more", async () => {
    const expected = {
      title: "Meeting about Reunion",
      files: [
        "meeting001_video.mp4",
        "meeting001_transcript.vtt",
        "meeting001_chat.txt",
        "meeting001_participants.csv",
      ],
      captions: 300,
      people: 10,
      chat: { lines: 10, unread: 0, offset: "+0:00:00", basis: "recording" },
    }
    const dry = await zoom(folder, "--dry-run")
    expect(dry).to.deep.equal({
      meeting,
      source: "zoom",
      recordings: [{ ...expected, state: "planned", recording: null, importedBy: null }],
      leftOut: [],
    })
    expect((await terminals.succeed("alice", ["recordings", meeting])).recordings).to.deep.equal([])
    const { recordings } = await zoom(folder)
    const [{ recording }] = recordings
    expect(recordings).to.deep.equal([{ ...expected, state: "imported", recording, importedBy: null }])
    const known = [{ ...expected, state: "known", recording, importedBy: alice }]
    expect((await zoom(folder)).recordings).to.deep.equal(known)
    expect((await terminals.run("alice", ["import", "zoom", meeting, folder])).stdout).to.contain(
      ": was there already\n",
    )
    const call = ["import", "zoom", meeting, folder]
    expect((await terminals.succeed("bob", call)).recordings).to.deep.equal(known)
    expect((await terminals.run("bob", call)).stdout).to.contain(
      `: was there already, as ${alice} says, who imported it: `,
    )
    expect((await terminals.succeed("bob", ["recordings", meeting])).recordings).to.have.length(1)
  })

  it("each line is there for the others, at its place, as the importer's word and no message of the chat (IM2)", async () => {
    const [{ recording, isImported }] = (await terminals.succeed("bob", ["recordings", meeting])).recordings
    expect(isImported).to.equal(true)
    const imported = await terminals.succeed("bob", ["chat", "imported", recording])
    expect(imported).to.deep.include({ recording, source: "zoom", importedBy: alice, unread: 0, offset: "+0:00:00" })
    expect(imported.lines).to.have.length(10)
    expect(imported.lines[9]).to.deep.equal({
      type: "message",
      offsetMs: 2_209_000,
      author: "Paul McCartney",
      to: null,
      about: null,
      text: "Fuselage",
    })
    expect(imported.people[4]).to.deep.equal({ name: "Ringo Starr", address: "ringoRocks@beatles.org", minutes: 53 })
    expect((await terminals.succeed("bob", ["chat", "list", meeting])).messages).to.deep.equal([])
    const shown = (await terminals.run("bob", ["chat", "imported", recording])).stdout
    expect(shown).to.contain("36:49 (behind its end)  “Paul McCartney”\n    Fuselage")
    expect(shown).not.to.match(/acct_[a-z0-9]+ +(?:Paul|Ringo)|msg_/)
  })

  it("it is shown as imported, by whom, and that the platform may have held plaintext (IM3)", async () => {
    const [{ recording }] = (await terminals.succeed("bob", ["recordings", meeting])).recordings
    expect((await terminals.succeed("bob", ["recording", "show", recording])).isImported).to.equal(true)
    for (const command of [
      ["recording", "show"],
      ["chat", "imported"],
    ]) {
      const { stdout } = await terminals.run("bob", [...command, recording])
      expect(stdout, command.join(" "))
        .to.contain(alice)
        .and.match(/imported/i)
        .and.contain("may have held plaintext")
    }
    expect((await terminals.run("bob", ["recordings", meeting])).stdout).to.contain("(imported)")
  })

  it("every line of its chat and every caption is found again by who searches, at its place", async () => {
    const search = async (...args: readonly string[]) => await terminals.succeed("bob", ["search", ...args])
    const [first] = (await search("fuselage")).results
    expect(first).to.deep.include({
      kind: "imported",
      claimedAuthor: "Paul McCartney",
      author: null,
      offsetMs: 2_209_000,
    })
    const everything = (await search("--meeting", meeting, "--from", "1970-01-01", "--limit", "9999")).results
    const chat = (await readFile(join(REAL, "meeting001_chat.txt"), "utf8")).trim().split(/\r?\n/)
    const { cues } = parseCaptions(await readFile(join(REAL, "meeting001_transcript.vtt")))
    for (const [kind, count] of [
      ["imported", chat.length],
      ["caption", cues.length],
    ] as const)
      expect(
        everything.filter((found: { readonly kind: string }) => found.kind === kind),
        kind,
      ).to.have.length(count)
    const said = await search("turbo pascal", "--author", "andrew", "--offline")
    expect(said.results.map(({ text }: { readonly text: string }) => text)).to.deep.equal([
      "And Turbo Pascal…programming language!",
    ])
    expect(
      (await search("reunion", "--has", "file")).results.map(({ kind }: { readonly kind: string }) => kind),
    ).to.deep.equal(["recording"])
    expect((await search("fuselage", "--day", "1999-01-01")).results).to.deep.equal([])
    const shown = await terminals.run("bob", ["search", "fuselage"])
    expect(shown.stdout).to.match(/^imported +2020-09-24 +rec_\S+ +at 36:49 +“Paul McCartney”\n +Fuselage\n/)
    const away = await terminals.run("bob", ["search", "cockpit", "--json"], { TACITURN_URL: "http://127.0.0.1:9" })
    expect([away.exitCode, away.json.isUpToDate, away.json.total], away.stderr).to.deep.equal([
      0,
      false,
      (await search("cockpit")).total,
    ])
    for (const args of sampleOf(
      "wrong searches",
      [
        [],
        ["x", "--has", "cheese"],
        ["x", "--day", "yesterday"],
        ["x", "--day", "2020-01-01", "--to", "2020-01-02"],
        ["x", "--limit", "0"],
        ["x", "--meeting", "nonsense"],
      ],
      3,
    ))
      expect(await terminals.fail("bob", ["search", ...args]), args.join(" ")).to.deep.equal([2, "usage"])
  })

  it("files that are missing, empty, links, or in another encoding: what is there is imported, and what is not is said (IM4)", async () => {
    const odd = join(terminals.folder, "2024-05-01 14.00.00 Odd & <b>ends 12345678901")
    await mkdir(odd)
    await copyFile("test/data/meeting.mp4", join(odd, "zoom_0.mp4"))
    await appendFile(join(odd, "zoom_0.mp4"), "another")
    await writeFile(
      join(odd, "chat.txt"),
      Buffer.from("\u{feff}garbage\r\n14:00:05 From Zoë to Everyone:\r\n\t王さん\r\n", "utf16le"),
    )
    await writeFile(join(odd, "audio_only.m4a"), "")
    await writeFile(join(odd, "transcript.vtt"), "WEBVTT without a cue")
    await writeFile(join(odd, "recording.conf"), "x")
    await symlink("/etc/passwd", join(odd, "secret_chat.txt"))
    await symlink(terminals.folder, join(odd, "everything"))
    const { recordings, leftOut } = await zoom(odd)
    expect(recordings[0]).to.deep.include({
      title: "Odd & <b>ends",
      state: "imported",
      chat: { lines: 2, unread: 1, offset: "-14:00:00", basis: "wall" },
    })
    expect(leftOut.map(({ file }: { readonly file: string }) => file)).to.have.members([
      "everything",
      "secret_chat.txt",
      "audio_only.m4a",
      "recording.conf",
      "transcript.vtt",
    ])
    const { lines } = await terminals.succeed("bob", ["chat", "imported", recordings[0].recording])
    expect(
      lines.map(({ type, offsetMs, author, text }: Record<string, unknown>) => [type, offsetMs, author, text]),
    ).to.deep.equal([
      ["unread", null, null, "garbage"],
      ["message", 5_000, "Zoë", "王さん"],
    ])
  })

  it("captions are kept where the video is missing or empty, with a chat and without one", async () => {
    const search = async (): Promise<number> =>
      (await terminals.succeed("bob", ["search", "streaming", "--limit", "9999"])).results.filter(
        ({ kind }: { readonly kind: string }) => kind === "caption",
      ).length
    const before = await search()
    for (const [index, names] of [
      ["meeting001_chat.txt", "meeting001_transcript.vtt"],
      ["meeting001_transcript.vtt"],
    ].entries()) {
      const place = join(terminals.folder, `without video ${index}`)
      await mkdir(place)
      for (const name of names) await copyFile(join(REAL, name), join(place, name))
      await appendFile(join(place, names[0] ?? ""), `\n\n${index}`)
      if (index === 1) await writeFile(join(place, "zoom_0.mp4"), "")
      const { recordings, leftOut } = await zoom(place)
      expect(recordings[0]).to.deep.include({ state: "imported", captions: 300 })
      expect(leftOut).to.have.length(index)
      expect(await search()).to.equal(before * (index + 2))
    }
  })

  it("a clock that was worked out wrong is corrected, and a chat that came later is imported alone", async () => {
    const place = join(terminals.folder, "later")
    await mkdir(place)
    await writeFile(join(place, "chat.txt"), "20:00:00 From A to Everyone: hello\n")
    expect((await zoom(place, "--dry-run")).recordings[0].chat).to.deep.include({ offset: null, basis: null })
    const { recordings } = await zoom(place, "--chat-offset", "-19:59:00")
    expect(recordings[0]).to.deep.include({ title: "later", state: "imported", files: ["chat.txt"] })
    const { lines } = await terminals.succeed("bob", ["chat", "imported", recordings[0].recording])
    expect(lines[0].offsetMs).to.equal(60_000)
  })

  it("killed in its midst, it goes on, and imports each once", async () => {
    const place = join(terminals.folder, "killed")
    await mkdir(place)
    for (const name of ["one.mp4", "two.mp4"]) {
      await copyFile("test/data/meeting.mp4", join(place, name))
      await appendFile(join(place, name), name)
    }
    await writeFile(join(place, "one.txt"), "notes of one")
    await utimes(join(place, "one.mp4"), 1_000, 1_000)
    const call = ["import", "folder", meeting, place]
    for (const failpoint of ["upload.receipt-kept", "upload.event-appended"])
      expect((await terminals.run("alice", call, { TACITURN_FAILPOINT: failpoint })).exitCode, failpoint).to.equal(null)
    const { recordings } = await terminals.succeed("alice", call)
    expect(recordings.map(({ title, state }: Record<string, unknown>) => [title, state])).to.deep.equal([
      ["one", "known"],
      ["two", "imported"],
    ])
    const titles = (await terminals.succeed("bob", ["recordings", meeting])).recordings.map(
      ({ title }: { readonly title: string }) => title,
    )
    expect(titles.slice(-2)).to.deep.equal(["one", "two"])
    expect(await uploadsOf("alice"), "what the killed calls left").to.deep.equal([])
  })

  it("killed, and the file is there when it is called again: no key and no copy stays, and its author may delete it still", async () => {
    const bob = (await terminals.succeed("bob", ["whoami"])).account
    const { meeting: other } = await terminals.succeed("alice", ["meeting", "create", "Other"])
    await terminals.succeed("alice", ["meeting", "add", other, bob])
    await terminals.succeed("bob", ["meeting", "join", "--all"])
    const place = join(terminals.folder, "twice")
    await mkdir(place)
    await copyFile("test/data/meeting.mp4", join(place, "twice.mp4"))
    const call = ["import", "folder", other, place]
    for (const [person, failpoint] of [
      ["alice", "upload.receipt-kept"],
      ["bob", "upload.event-appended"],
    ] as const) {
      const { exitCode } = await terminals.run(person, call, { TACITURN_FAILPOINT: failpoint })
      expect([exitCode, (await uploadsOf(person)).length], person).to.deep.equal([null, 1])
    }
    const ids: string[] = []
    for (const person of ["alice", "bob"]) {
      const [{ state, recording }] = (await terminals.succeed(person, call)).recordings
      expect([state, await uploadsOf(person)], person).to.deep.equal(["known", []])
      ids.push(recording)
    }
    expect(ids[0]).to.equal(ids[1])
    await terminals.succeed("alice", ["meeting", "remove", other, bob])
    await terminals.succeed("bob", ["recording", "delete", ids[0] ?? ""])
  })

  it("what another member says to have imported is imported once more where that is asked for, and once (IM6)", async () => {
    const place = join(terminals.folder, "claimed")
    await mkdir(place)
    await copyFile("test/data/meeting.mp4", join(place, "claimed.mp4"))
    await appendFile(join(place, "claimed.mp4"), "claimed")
    const call = ["import", "folder", meeting, place]
    const statesOf = async (person: string, ...flags: readonly string[]) =>
      (await terminals.succeed(person, [...call, ...flags])).recordings.map(({ state, importedBy }: Outcome) => [
        state,
        importedBy,
      ])
    expect(await statesOf("alice")).to.deep.equal([["imported", null]])
    expect(await statesOf("bob")).to.deep.equal([["known", alice]])
    expect(await statesOf("bob", "--again")).to.deep.equal([["imported", null]])
    const bob = (await terminals.succeed("bob", ["whoami"])).account
    for (const flags of [[], ["--again"]]) expect(await statesOf("bob", ...flags)).to.deep.equal([["known", bob]])
  })

  it("a BigBlueButton folder", async () => {
    const place = join(terminals.folder, "bbb")
    await mkdir(join(place, "video"), { recursive: true })
    await copyFile("test/data/meeting.mp4", join(place, "video", "webcams.mp4"))
    await appendFile(join(place, "video", "webcams.mp4"), "bbb")
    await copyFile("test/data/meeting.vtt", join(place, "caption_en.vtt"))
    await writeFile(
      join(place, "metadata.xml"),
      "<recording><start_time>1600947316000</start_time><meta><meetingName>Lecture</meetingName></meta></recording>",
    )
    await writeFile(join(place, "slides_new.xml"), '<popcorn><chattimeline in="1" name="Ann" message="hi"/></popcorn>')
    const { recordings } = await terminals.succeed("alice", ["import", "bbb", meeting, place])
    expect(recordings[0]).to.deep.include({ title: "Lecture", state: "imported" })
    const { lines, source } = await terminals.succeed("bob", ["chat", "imported", recordings[0].recording])
    expect([source, lines[0].author, lines[0].offsetMs]).to.deep.equal(["bigbluebutton", "Ann", 1_000])
  })

  it("wrong arguments are refused, and nothing is imported", async () => {
    const before = (await terminals.succeed("bob", ["recordings", meeting])).recordings.length
    const empty = join(terminals.folder, "empty")
    await mkdir(empty)
    await rename(join(folder, "meeting001_chat.txt"), join(terminals.folder, "moved.txt"))
    const usage = [2, "usage"]
    for (const [args, expected] of sampleOf(
      "wrong imports",
      [
        [["zoom", "nonsense", folder], usage],
        [["zoom", meeting, join(terminals.folder, "nowhere")], usage],
        [["zoom", meeting, join(folder, "meeting001_video.mp4")], usage],
        [["zoom", meeting, folder, "--chat-offset", "soon"], usage],
        [["zoom", meeting, folder, "--chat-offset", "5"], usage],
        [["teams", meeting, folder], usage],
        [["zoom", meeting], usage],
      ] as const,
      3,
    ))
      expect(await terminals.fail("alice", ["import", ...args]), args.join(" ")).to.deep.equal(expected)
    const nothing = await terminals.run("alice", ["import", "zoom", meeting, empty, "--json"])
    expect([nothing.exitCode, nothing.json.recordings]).to.deep.equal([1, []])
    const [{ recording }] = (await terminals.succeed("bob", ["recordings", meeting])).recordings
    expect(await terminals.fail("bob", ["chat", "imported", recording.replace("rec_", "mtg_")])).to.deep.equal(usage)
    expect((await terminals.succeed("bob", ["recordings", meeting])).recordings).to.have.length(before)
  })
})
