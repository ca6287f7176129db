import { spawn } from "node:child_process"
import { stat } from "node:fs/promises"
import { cpus } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import type { Page } from "playwright-core"
import { openBrowser } from "../support/browser.js"
import { root, temporaryFolder } from "../support/programs.js"
import { startStack } from "../support/stack.js"
import { terminalsAt } from "../support/taciturn.js"
import { acceptInvitation, createAccount, openRecording } from "../support/web-steps.js"
import { makeFilm } from "./film.js"
import { type ShapedLine, startShapedLine } from "./shaped-line.js"
import { median } from "./statistics.js"

/** `npm run bench:web`: watching through the service worker, against the same file served in plain over the same kind of line. Nothing here passes or fails. */

const LINE_BITS_PER_S = 20_000_000
const ROUND_TRIP_MS = 60
const FILM_BYTES = 360_000_000
const RUNS = 5
const SEEKS = 15

interface Watched {
  readonly firstFrameMs: number
  readonly seekMs: number
  readonly seekBytes: number
}

const folder = await temporaryFolder()
const [sealedLine, plainLine] = [
  await startShapedLine(LINE_BITS_PER_S, ROUND_TRIP_MS),
  await startShapedLine(LINE_BITS_PER_S, ROUND_TRIP_MS),
]
const url = `http://127.0.0.1:${sealedLine.port}`
const stack = await startStack("embedded", {
  LOG_LEVEL: "silent",
  REQUESTS_PER_MINUTE: "0",
  ANONYMOUS_REQUESTS_PER_MINUTE: "0",
  PUBLIC_URLS: url,
})
sealedLine.lead({ host: "127.0.0.1", port: Number(new URL(stack.url).port) })
const plain = spawn(process.execPath, [join(root, "dist/test/bench/plain-server.js"), folder.path], {
  stdio: ["pipe", "pipe", "inherit"],
})
const plainPort = await new Promise<string>((resolve) => createInterface({ input: plain.stdout }).once("line", resolve))
plainLine.lead({ host: "127.0.0.1", port: Number(plainPort) })
const browser = await openBrowser(["--autoplay-policy=no-user-gesture-required"])
const terminals = await terminalsAt(url)
try {
  const film = await makeFilm(folder.path, FILM_BYTES)
  const { size } = await stat(film)
  const viewer = await browser.person(url)
  const account = await createAccount(viewer.page)
  await terminals.succeed("host", ["init", "--name", "bench"])
  const { meeting } = await terminals.succeed("host", ["meeting", "create", "Bench"])
  await terminals.succeed("host", ["meeting", "add", meeting, account])
  process.stderr.write("sending the film over the line …\n")
  const { recording } = await terminals.succeed("host", ["upload", meeting, film, "--as-is"])
  await acceptInvitation(viewer.page)
  await openRecording(viewer.page, meeting, recording)
  const sealedSource = await viewer.page
    .locator("video")
    .evaluate((video) => Reflect.get(video, "currentSrc") as string)
  const plainPage = await viewer.context.newPage()
  await plainPage.goto(`http://127.0.0.1:${plainLine.port}/nothing`)

  const [sealed, inPlain]: [Watched[], Watched[]] = [[], []]
  for (let run = 0; run < RUNS; run++) {
    inPlain.push(await watch(plainPage, `http://127.0.0.1:${plainLine.port}/film.mp4?${run}`, plainLine, run))
    sealed.push(await watch(viewer.page, sealedSource, sealedLine, run))
  }
  const row = (name: string, of: (watched: Watched) => number, unit: string): string => {
    const [ours, theirs] = [sealed.map(of), inPlain.map(of)]
    const shown = (values: readonly number[]): string => values.map((value) => Math.round(value)).join(" ")
    return `${name}: ${(median(ours) / median(theirs)).toFixed(2)} (ours ${shown(ours)}; plain ${shown(theirs)} ${unit})\n`
  }
  process.stdout.write(
    [
      `${Math.round(size / 1e6)} MB, 20 Mbit/s, ${ROUND_TRIP_MS} ms; ${cpus().length} cores, ${cpus()[0]?.model ?? ""}\n`,
      row("first frame", ({ firstFrameMs }) => firstFrameMs, "ms"),
      row("median seek", ({ seekMs }) => seekMs, "ms"),
      row(`bytes of ${SEEKS} seeks`, ({ seekBytes }) => seekBytes / 1e6, "MB"),
    ].join(""),
  )
} finally {
  await browser.close()
  await stack.stop()
  plain.stdin.end()
  await Promise.all([sealedLine.stop(), plainLine.stop(), terminals.close(), folder.remove()])
}

/** Plays until the first frame, then seeks to the same places each time. */
async function watch(page: Page, source: string, line: ShapedLine, run: number): Promise<Watched> {
  const places = Array.from({ length: SEEKS }, (_, index) => ((index * 7 + run * 3) % SEEKS) / SEEKS + 0.02)
  await page.evaluate(OPEN_PLAYER)
  const firstFrameMs = await page.evaluate<number>(`bench.first(${JSON.stringify(source)})`)
  const before = line.downBytes
  const seekMs: number[] = []
  for (const place of places) seekMs.push(await page.evaluate<number>(`bench.seek(${place})`))
  const seekBytes = line.downBytes - before
  await page.evaluate("bench.close()")
  return { firstFrameMs, seekMs: median(seekMs), seekBytes }
}

/** As text: it runs in the page. */
const OPEN_PLAYER = `{
  const video = document.createElement("video")
  video.muted = true
  video.preload = "auto"
  document.body.append(video)
  const frame = () => new Promise((resolve) => video.requestVideoFrameCallback(resolve))
  globalThis.bench = {
    first: async (source) => {
      const began = performance.now()
      const shown = frame()
      video.src = source
      await shown
      return performance.now() - began
    },
    seek: async (place) => {
      const began = performance.now()
      const shown = frame()
      video.currentTime = place * video.duration
      await shown
      return performance.now() - began
    },
    close: () => {
      video.removeAttribute("src")
      video.load()
      video.remove()
    },
  }
}`
