import { spawn } from "node:child_process"
import { once } from "node:events"
import type { Readable, Writable } from "node:stream"
import { setTimeout as delay } from "node:timers/promises"
import { CHROMIUM, CHROMIUM_ARGUMENTS } from "../support/browser.js"

/**
 * Chromium as people run it. What drives browsers in tests follows each request of a page, and makes the page copy all that it sends, some ten times and in
 * its own thread: beside that nothing of the page itself can be measured. https://chromedevtools.github.io/devtools-protocol/
 */
export interface QuietChromium {
  /** A tab, in which `script` runs before the scripts of any page. */
  open(script: string): Promise<QuietPage>
  close(): Promise<void>
}

export interface QuietPage {
  /** Until it is loaded. */
  goto(url: string): Promise<void>
  bringToFront(): Promise<void>
  /** What an expression, or the promise that it is, gives. */
  evaluate<Result>(expression: string): Promise<Result>
  /** Until an expression is true. */
  until(expression: string): Promise<void>
  /** Chooses files as a person would, in what an expression gives. */
  chooseFiles(input: string, paths: readonly string[]): Promise<void>
}

const WINDOW = "--window-size=1440,900"
const POLL_MS = 250

type Answer = Readonly<Record<string, unknown>>
type Ask = (method: string, params?: Answer, sessionId?: string) => Promise<Answer>

/** @param profile a folder of a browser that is closed. */
export async function openQuietChromium(profile: string): Promise<QuietChromium> {
  const child = spawn(
    CHROMIUM,
    [
      ...CHROMIUM_ARGUMENTS,
      "--headless=new",
      "--remote-debugging-pipe",
      "--autoplay-policy=no-user-gesture-required",
      // A page that was left is gone, with all that it knew.
      "--disable-back-forward-cache",
      WINDOW,
      `--user-data-dir=${profile}`,
    ],
    { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"], env: { ...process.env, LC_ALL: "C.UTF-8" } },
  )
  const ended = once(child, "exit")
  const ask = speak(child.stdio[3] as Writable, child.stdio[4] as Readable)
  return {
    open: async (script) => {
      const { targetId } = await ask("Target.createTarget", { url: "about:blank" })
      const { sessionId } = await ask("Target.attachToTarget", { targetId, flatten: true })
      const session: Ask = async (method, params) => await ask(method, params, String(sessionId))
      await session("Page.enable")
      await session("Page.addScriptToEvaluateOnNewDocument", { source: script })
      return pageOf(session)
    },
    close: async () => {
      await ask("Browser.close")
      await ended
    },
  }
}

function pageOf(ask: Ask): QuietPage {
  const evaluate = async <Result>(expression: string): Promise<Result> => {
    const { result, exceptionDetails } = await ask("Runtime.evaluate", {
      expression,
      awaitPromise: true,
      returnByValue: true,
    })
    if (exceptionDetails !== undefined) throw new Error(`${expression}: ${JSON.stringify(exceptionDetails)}`)
    return (result as { readonly value: Result }).value
  }
  const until = async (expression: string): Promise<void> => {
    // A page that is just being left fails; the next one answers.
    while (!(await evaluate<boolean>(expression).catch(() => false))) await delay(POLL_MS)
  }
  return {
    goto: async (url) => {
      await ask("Page.navigate", { url })
      await until("document.readyState === 'complete'")
    },
    bringToFront: async () => {
      await ask("Page.bringToFront")
    },
    evaluate,
    until,
    chooseFiles: async (input, paths) => {
      const { result } = await ask("Runtime.evaluate", { expression: input })
      const { objectId } = result as { readonly objectId: string }
      await ask("DOM.setFileInputFiles", { files: paths, objectId })
    },
  }
}

/** Messages in JSON, each ended by a zero byte. */
function speak(to: Writable, from: Readable): Ask {
  const waiting = new Map<
    number,
    { readonly resolve: (answer: Answer) => void; readonly reject: (error: Error) => void }
  >()
  let lastId = 0
  let rest = ""
  from.setEncoding("utf8")
  from.on("data", (text: string) => {
    const messages = (rest + text).split("\0")
    rest = messages.pop() ?? ""
    for (const message of messages) {
      const { id, result, error } = JSON.parse(message) as {
        readonly id?: number
        readonly result?: Answer
        readonly error?: { readonly message: string }
      }
      if (id === undefined) continue
      if (error === undefined) waiting.get(id)?.resolve(result ?? {})
      else waiting.get(id)?.reject(new Error(error.message))
      waiting.delete(id)
    }
  })
  from.on("close", () => {
    for (const { reject } of waiting.values()) reject(new Error("the browser ended"))
    waiting.clear()
  })
  return async (method, params = {}, sessionId) => {
    const id = ++lastId
    return await new Promise((resolve, reject) => {
      waiting.set(id, { resolve, reject })
      to.write(`${JSON.stringify({ id, method, params, ...(sessionId === undefined ? {} : { sessionId }) })}\0`)
    })
  }
}
