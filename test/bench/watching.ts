import { spawn } from "node:child_process"
import { once } from "node:events"
import { stat } from "node:fs/promises"
import { basename, dirname, join } from "node:path"
import { createInterface } from "node:readline"
import type { Page } from "playwright-core"
import { openProfile } from "../support/browser.js"
import { root } from "../support/programs.js"
import { startStack } from "../support/stack.js"
import { terminalsAt } from "../support/taciturn.js"
import { acceptInvitation, createAccount } from "../support/web-steps.js"
import { openQuietChromium, type QuietPage } from "./quiet-chromium.js"
import { type ShapedLine, startShapedLine } from "./shaped-line.js"
import { median } from "./statistics.js"

/** Watching in the app, through its service worker, against the same file served in plain over the same kind of line. */

const LINE_BITS_PER_S = 20_000_000
const ROUND_TRIP_MS = 60
const SEEKS = 15

interface Watched {
  readonly firstFrameMs: number
  readonly seekMs: readonly number[]
  readonly seekBytes: number
}

/** Prints what it finds. */
export async function benchWatching(film: string, runs: number): Promise<void> {
  const [sealedLine, plainLine] = [
    await startShapedLine(LINE_BITS_PER_S, ROUND_TRIP_MS),
    await startShapedLine(LINE_BITS_PER_S, ROUND_TRIP_MS),
  ]
  const [url, plainUrl] = [`http://127.0.0.1:${sealedLine.port}`, `http://127.0.0.1:${plainLine.port}`]
  const stack = await startStack("embedded", {
    LOG_LEVEL: "silent",
    REQUESTS_PER_MINUTE: "0",
    ANONYMOUS_REQUESTS_PER_MINUTE: "0",
    PUBLIC_URLS: url,
  })
  sealedLine.lead({ host: "127.0.0.1", port: Number(new URL(stack.url).port) })
  const plain = spawn(process.execPath, [join(root, "dist/test/bench/plain-server.js"), dirname(film)], {
    stdio: ["pipe", "pipe", "inherit"],
  })
  const [plainPort] = await once(createInterface({ input: plain.stdout }), "line")
  plainLine.lead({ host: "127.0.0.1", port: Number(plainPort) })
  const viewer = await openProfile(url)
  try {
    const { meeting, recording } = await publish(viewer.page, url, film)
    await viewer.close()
    const browser = await openQuietChromium(viewer.folder)
    const [page, plainPage] = [await browser.open(PLAYER), await browser.open(PLAYER)]
    for (const line of [sealedLine, plainLine]) line.slowDown()
    const [sealed, inPlain]: [Watched[], Watched[]] = [[], []]
    for (let run = 0; run < runs; run++) {
      inPlain.push(
        await watch(plainPage, plainLine, run, async () => {
          await plainPage.goto(plainUrl)
          await plainPage.evaluate(`bench.show(${JSON.stringify(`/${basename(film)}?${run}`)})`)
        }),
      )
      sealed.push(
        await watch(page, sealedLine, run, async () => {
          await page.goto(`${url}/app/#/meetings/${meeting}/recordings/${recording}`)
        }),
      )
    }
    await browser.close()
    const { size } = await stat(film)
    const rows = [
      `watching ${Math.round(size / 1e6)} MB over ${LINE_BITS_PER_S / 1e6} Mbit/s and ${ROUND_TRIP_MS} ms: ours/in plain of each run\n`,
      row("first frame, ms", sealed, inPlain, ({ firstFrameMs }) => firstFrameMs),
      row("median seek, ms", sealed, inPlain, ({ seekMs }) => median(seekMs)),
      row(`MB of ${SEEKS} seeks`, sealed, inPlain, ({ seekBytes }) => seekBytes / 1e6),
    ]
    process.stdout.write(rows.join(""))
  } finally {
    await viewer.close()
    await viewer.remove()
    await stack.stop()
    plain.stdin.end()
    await Promise.all([sealedLine.stop(), plainLine.stop()])
  }
}

/** Somebody else's recording of a meeting that the viewer joins. @returns both, by their ids. */
async function publish(
  viewer: Page,
  url: string,
  film: string,
): Promise<{ readonly meeting: string; readonly recording: string }> {
  const account = await createAccount(viewer)
  const terminals = await terminalsAt(url)
  try {
    await terminals.succeed("host", ["init", "--name", "bench"])
    const { meeting } = (await terminals.succeed("host", ["meeting", "create", "Bench"])) as {
      readonly meeting: string
    }
    await terminals.succeed("host", ["meeting", "add", meeting, account])
    const upload = ["upload", meeting, film, "--as-is"]
    const { recording } = (await terminals.succeed("host", upload)) as { readonly recording: string }
    await acceptInvitation(viewer)
    return { meeting, recording }
  } finally {
    await terminals.close()
  }
}

function row(
  name: string,
  sealed: readonly Watched[],
  inPlain: readonly Watched[],
  of: (watched: Watched) => number,
): string {
  const [ours, theirs] = [sealed.map(of), inPlain.map(of)]
  const pairs = ours.map((value, run) => `${shown(value)}/${shown(theirs[run] ?? 0)}`).join(" ")
  return `${name}: ${(median(ours) / median(theirs)).toFixed(2)} (${pairs})\n`
}

function shown(value: number): string {
  return value < 100 ? value.toFixed(1) : String(Math.round(value))
}

/** Opens a player anew, plays, and seeks: to other places in each run, the same on both sides. */
async function watch(page: QuietPage, line: ShapedLine, run: number, open: () => Promise<unknown>): Promise<Watched> {
  // A tab behind another draws once a second.
  await page.bringToFront()
  await open()
  const firstFrameMs = await page.evaluate<number>("bench.first()")
  await page.evaluate("bench.play()")
  const before = line.downBytes
  const seekMs: number[] = []
  for (let index = 0; index < SEEKS; index++) {
    // Never on from where the last seek was, and each at another distance from its key frame.
    const place = (((index * 7 + 4) % SEEKS) + ((index * 0.37 + run * 0.13) % 0.9)) / SEEKS + 0.002
    seekMs.push(await page.evaluate<number>(`bench.seek(${place})`))
  }
  const seekBytes = line.downBytes - before
  // So that nothing of this run is there in the next: neither a reader, nor what it knew.
  await page.goto("about:blank")
  return { firstFrameMs, seekMs, seekBytes }
}

/** As text: it runs in the page, before the page's own scripts. */
const PLAYER = `{
  let video
  const shown = new Promise((resolve) => {
    const look = () => {
      video = document.querySelector("video[src]")
      if (video === null) return
      observer.disconnect()
      const began = performance.now()
      video.requestVideoFrameCallback(() => resolve(performance.now() - began))
    }
    const observer = new MutationObserver(look)
    observer.observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ["src"] })
  })
  globalThis.bench = {
    show: (source) => {
      const player = document.createElement("video")
      player.preload = "metadata"
      player.src = source
      document.body.append(player)
    },
    first: () => shown,
    play: () => video.play(),
    seek: async (place) => {
      const to = place * video.duration
      // One that comes before the player is done with the last makes it go on there for a while.
      const over = new Promise((resolve) => video.addEventListener("seeked", resolve, { once: true }))
      const began = performance.now()
      const ms = await new Promise((resolve) => {
        const look = (_, { mediaTime }) => {
          if (Math.abs(mediaTime - to) < 2) resolve(performance.now() - began)
          else video.requestVideoFrameCallback(look)
        }
        video.requestVideoFrameCallback(look)
        video.currentTime = to
      })
      await over
      return ms
    },
  }
}`
