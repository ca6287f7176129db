import { chmod, copyFile, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { expect } from "chai"
import { findFfmpeg, runFfmpeg } from "../../../client/cli/media/ffmpeg.js"
import { asItIs, type PreparedMedia, prepareMedia } from "../../../client/cli/media/prepare.js"
import { parseProbe } from "../../../client/cli/media/probe.js"
import { PeakCollector } from "../../../client/sdk/waveform.js"

const MEETING = fileURLToPath(new URL("../../data/meeting.mp4", import.meta.url))
const NEVER = new AbortController().signal

describe("CLI: what ffmpeg says of a file", () => {
  const said = (streams: string): string =>
    `Input #0, mov,mp4,m4a,3gp,3g2,mj2, from 'file:x.mp4':\n  Duration: 01:02:03.45, start: 0.000000, bitrate: 1 kb/s\n${streams}`

  it("gives container, length and codecs", () => {
    const text = said(
      "  Stream #0:0[0x1](und): Video: h264 (High) (avc1 / 0x31637661), yuv420p\n  Stream #0:1[0x2](eng): Audio: aac (LC)\n",
    )
    expect(parseProbe(text)).to.deep.equal({
      container: "mov,mp4,m4a,3gp,3g2,mj2",
      durationMs: 3_723_450,
      video: "h264",
      audio: "aac",
      hasSubtitles: false,
    })
  })

  it("takes a cover picture for no video, and tells of subtitles", () => {
    const text = said(
      "  Stream #0:0: Audio: mp3, 44100 Hz\n  Stream #0:1: Video: mjpeg, yuvj420p (attached pic)\n  Stream #0:2: Subtitle: mov_text\n",
    )
    expect(parseProbe(text)).to.include({ video: null, audio: "mp3", hasSubtitles: true })
  })

  it("gives nothing for what is no recording", () => {
    for (const text of ["", "x.txt: Invalid data found when processing input", said("  Stream #0:0: Data: bin_data\n")])
      expect(parseProbe(text)).to.equal(null)
    expect(parseProbe(said("  Stream #0:0: Audio: aac\n").replace("01:02:03.45", "N/A"))?.durationMs).to.equal(null)
  })
})

describe("CLI: waveforms", () => {
  it("has at most 2,000 peaks at any length, and loses no loud place", () => {
    const peaks = new PeakCollector(8_000)
    const samples = new Int16Array(3_000_000)
    samples[1_234_567] = -32_768
    const bytes = new Uint8Array(samples.buffer)
    // A sample may come in two parts.
    for (let at = 0; at < bytes.length; at += 65_537) peaks.add(bytes.subarray(at, at + 65_537))
    const { peaks: found, secondsPerPeak } = peaks.toDocument()
    expect(found.length).to.be.within(1_000, 2_000)
    expect(Math.max(...found)).to.equal(100)
    expect(found.filter((peak) => peak > 0)).to.have.length(1)
    expect(found.indexOf(100)).to.equal(Math.floor(1_234_567 / 8_000 / secondsPerPeak))
  })

  it("knows that nothing came", () => {
    expect(new PeakCollector(8_000).isEmpty).to.equal(true)
  })
})

describe("CLI: preparing a recording", function () {
  this.timeout(60_000)
  let folder: string
  let ffmpeg: string | null

  before(async function () {
    folder = await mkdtemp(join(tmpdir(), "taciturn-media-"))
    ffmpeg = await findFfmpeg({ ffmpegPath: null, searchPath: process.env["PATH"] ?? "" }, NEVER)
    if (ffmpeg === null) {
      console.warn("      no ffmpeg here: preparation is not tested")
      this.skip()
    }
  })
  after(async () => {
    await rm(folder, { recursive: true, force: true })
  })

  let count = 0
  const prepare = async (path: string, program = ffmpeg): Promise<PreparedMedia> =>
    await prepareMedia(path, join(folder, `prepared-${count++}`), program, NEVER)

  const make = async (name: string, ...options: readonly string[]): Promise<string> => {
    const path = join(folder, name)
    const { exitCode, stderr } = await runFfmpeg(ffmpeg ?? "", ["-y", ...options, path], {
      signal: NEVER,
      timeoutMs: 30_000,
    })
    expect(exitCode, stderr).to.equal(0)
    return path
  }

  it("puts the index of an MP4 in front, with poster, waveform, length, and captions that lie beside it", async () => {
    const { files, prepared, durationMs, notes } = await prepare(MEETING)
    expect(files.map(({ role, mediaType }) => [role, mediaType])).to.deep.equal([
      ["media", "video/mp4"],
      ["poster", "image/jpeg"],
      ["waveform", "application/json"],
      ["captions", "text/vtt"],
    ])
    expect([prepared, durationMs]).to.deep.equal(["remuxed", 1_950])
    expect(notes).to.deep.equal(["meeting.vtt goes along as captions"])
    const media = await readFile(files[0]!.path)
    expect(media.indexOf("moov")).to.be.lessThan(media.indexOf("mdat"))
    const waveform: unknown = JSON.parse(await readFile(files[2]!.path, "utf8"))
    expect(waveform).to.have.property("peaks").that.is.an("array").and.not.empty
    expect((await readFile(files[1]!.path)).subarray(0, 3).toString("hex")).to.equal("ffd8ff")
  })

  it("gives a stream's WebM the cues that it lacks, in front", async () => {
    const live = await make(
      "live.webm",
      ...["-f", "lavfi", "-i", "testsrc=duration=4:size=160x120:rate=10", "-c:v", "libvpx", "-g", "10", "-f", "webm"],
      ...["-live", "1"],
    )
    const cues = Buffer.from("1c53bb6b", "hex")
    const cluster = Buffer.from("1f43b675", "hex")
    expect((await readFile(live)).includes(cues)).to.equal(false)
    const { files, prepared } = await prepare(live)
    expect([prepared, files[0]!.mediaType]).to.deep.equal(["remuxed", "video/webm"])
    const media = await readFile(files[0]!.path)
    expect(media.indexOf(cues)).to.be.within(1, media.indexOf(cluster))
  })

  it("makes a fragmented MP4 one that can be seeked", async () => {
    const fragmented = await make(
      "fragmented.mp4",
      ...["-i", MEETING, "-c", "copy", "-movflags", "frag_keyframe+empty_moov"],
    )
    expect((await readFile(fragmented)).includes("moof")).to.equal(true)
    const media = await readFile((await prepare(fragmented)).files[0]!.path)
    expect(media.includes("moof")).to.equal(false)
    expect(media.indexOf("moov")).to.be.lessThan(media.indexOf("mdat"))
  })

  it("stores what can't be remuxed without re-encoding as it is, and says so", async () => {
    const path = await make("sound.wav", "-f", "lavfi", "-i", "sine=duration=1")
    const { files, prepared, notes, durationMs } = await prepare(path)
    expect(files.map((file) => [file.role, file.mediaType])).to.deep.equal([
      ["media", "audio/wav"],
      ["waveform", "application/json"],
    ])
    expect([files[0]!.path, prepared, durationMs]).to.deep.equal([path, "as-is", 1_000])
    expect(notes.join()).to.match(/can't be remuxed without re-encoding \(pcm_s16le\)/)
  })

  for (const [name, contents] of [
    ["a playlist that names other files", `#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n${MEETING}\n#EXT-X-ENDLIST\n`],
    ["a list of files to be joined", "ffconcat version 1.0\nfile neighbour.mp4\n"],
    ["text", "just words"],
    ["nothing", ""],
  ] as const)
    it(`opens no other file for ${name}, and stores it as it is`, async () => {
      const path = join(folder, "disguised.mp4")
      await copyFile(MEETING, join(folder, "neighbour.mp4"))
      await writeFile(path, contents)
      const { files, prepared, notes } = await prepare(path)
      expect(files).to.deep.equal([{ role: "media", path, mediaType: "video/mp4" }])
      expect([prepared, notes.length]).to.deep.equal(["as-is", 1])
    })

  it("without any ffmpeg stores the file as it is, and says what is skipped", async () => {
    expect(
      await findFfmpeg({ ffmpegPath: join(folder, "none"), searchPath: process.env["PATH"] ?? "" }, NEVER),
    ).to.equal(null)
    const { files, prepared, notes } = await prepare(MEETING, null)
    expect([files[0]!.path, prepared]).to.deep.equal([MEETING, "as-is"])
    expect(notes[0]).to.match(/ffmpeg.*poster and waveform/)
  })

  it("an ffmpeg that fails at everything refuses nothing", async () => {
    const broken = join(folder, "broken")
    await writeFile(broken, "#!/bin/sh\nkill -SEGV $$\n")
    await chmod(broken, 0o755)
    expect(await findFfmpeg({ ffmpegPath: broken, searchPath: "" }, NEVER)).to.equal(null)
    expect((await prepare(MEETING, broken)).prepared).to.equal("as-is")
  })

  it("finds the same bytes again, without making them again", async () => {
    const place = join(folder, "kept")
    const first = await prepareMedia(MEETING, place, ffmpeg, NEVER)
    const { mtimeMs } = await stat(first.files[0]!.path)
    expect(await prepareMedia(MEETING, place, null, NEVER)).to.deep.equal(first)
    expect((await stat(first.files[0]!.path)).mtimeMs).to.equal(mtimeMs)
  })

  it("ends with Ctrl-C at once, and begins anew the next time", async () => {
    const place = join(folder, "interrupted")
    const abort = new AbortController()
    setTimeout(() => {
      abort.abort()
    }, 50)
    const failure = await prepareMedia(MEETING, place, ffmpeg, abort.signal).catch((error: unknown) => error)
    expect(failure).to.have.property("code", "interrupted")
    expect((await prepareMedia(MEETING, place, ffmpeg, NEVER)).prepared).to.equal("remuxed")
  })

  it("--as-is touches nothing", () => {
    expect(asItIs("/a/b.webm")).to.deep.equal({
      files: [{ role: "media", path: "/a/b.webm", mediaType: "video/webm" }],
      durationMs: null,
      prepared: "as-is",
      notes: [],
    })
  })
})
