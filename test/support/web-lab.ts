import { createServer, request } from "node:http"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { pipeline } from "node:stream/promises"
import { setTimeout as delay } from "node:timers/promises"
import { build, type BuildOptions, type Plugin } from "esbuild"
import { root } from "./programs.js"

/** A page with the browser's platform and no screen, under the app's own policy, before a real service. */
export interface WebLab {
  readonly url: string
  /** Where the service is; before that only the page is served. */
  service: string
  /** Whether it changes a byte of each sealed stream from now on. */
  isLying: boolean
  /** Sealed bytes of recordings that went through since it was last set to 0. */
  streamedBytes: number
  /** Milliseconds between two portions of a sealed stream. */
  delayMs: number
  stop(): Promise<void>
}

const POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "img-src 'self' blob:",
  "media-src 'self' blob:",
  "connect-src 'self'",
  "worker-src 'self'",
  "require-trusted-types-for 'script'",
  "trusted-types taciturn",
].join("; ")

const OPTIONS: BuildOptions & { readonly write: false } = {
  bundle: true,
  write: false,
  platform: "browser",
  format: "esm",
  target: "es2023",
  logLevel: "warning",
}

export async function startWebLab(): Promise<WebLab> {
  const files = new Map<string, Uint8Array>()
  const workers: Plugin = {
    name: "workers",
    setup: (given) => {
      given.onResolve({ filter: /\?worker&url$/ }, async ({ path, resolveDir }) => {
        const name = path.replace(/^\.\//, "").replace(".ts?worker&url", ".js")
        files.set(name, await bundle(join(resolveDir, path.replace("?worker&url", ""))))
        return { path: name, namespace: "worker-url" }
      })
      given.onLoad({ filter: /.*/, namespace: "worker-url" }, ({ path }) => ({
        contents: `export default "/app/${path}"`,
      }))
    },
  }
  const bundle = async (entry: string, options: BuildOptions = {}): Promise<Uint8Array> => {
    const { outputFiles } = await build({ ...OPTIONS, ...options, entryPoints: [entry], write: false })
    return outputFiles[0]?.contents ?? new Uint8Array(0)
  }
  files.set("lab.js", await bundle(join(root, "test/web-lab/lab.ts"), { plugins: [workers] }))
  files.set("sw.js", await bundle(join(root, "client/web/service-worker/main.ts"), { format: "iife" }))
  files.set("meeting.mp4", await readFile(join(root, "test/data/meeting.mp4")))
  const page = '<!doctype html><title>Lab</title><body><script type="module" src="/app/lab.js"></script></body>'
  files.set("", new TextEncoder().encode(page))

  const lab = { url: "", service: "", isLying: false, streamedBytes: 0, delayMs: 0 }
  const server = createServer((asked, answer) => {
    const path = asked.url ?? "/"
    const file = path.startsWith("/app/") ? files.get(path.slice("/app/".length)) : undefined
    if (file !== undefined) {
      const type = path.endsWith(".js") ? "text/javascript" : "text/html"
      answer.writeHead(200, { "content-type": type, "content-security-policy": POLICY }).end(file)
      return
    }
    if (lab.service === "" || path.startsWith("/app/")) {
      answer.writeHead(404).end()
      return
    }
    const { host: _, ...headers } = asked.headers
    const onward = request(`${lab.service}${path}`, { method: asked.method ?? "GET", headers }, (given) => {
      answer.writeHead(given.statusCode ?? 502, given.headers)
      const isStream = path.endsWith("/stream")
      const pass = async function* (parts: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
        for await (const part of parts) {
          if (isStream) {
            lab.streamedBytes += part.length
            if (lab.isLying) part[0] = 1 ^ (part[0] ?? 0)
            if (lab.delayMs > 0) await delay(lab.delayMs)
          }
          yield part
        }
      }
      pipeline(given, pass, answer).catch(() => answer.destroy())
    })
    onward.on("error", () => answer.destroy())
    answer.on("close", () => onward.destroy())
    asked.pipe(onward)
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const address = server.address()
  if (address === null || typeof address === "string") throw new Error("no address")
  return Object.assign(lab, {
    url: `http://127.0.0.1:${address.port}`,
    stop: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  })
}
