// Builds the web app to dist/web: the pages by Vite, the service worker as one file, since nothing may be fetched while it starts.
// The same sources give the same bytes: names are hashes of contents, and nothing of the machine or the time goes in.
import { existsSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import react from "@vitejs/plugin-react"
import { build as bundle } from "esbuild"
import { build } from "vite"

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const source = join(root, "client", "web")
const outDir = join(root, "dist", "web")
const TARGET = ["es2023", "chrome123", "firefox121", "safari17.5"]

await build({
  configFile: false,
  root: source,
  base: "/app/",
  logLevel: "warn",
  plugins: [react()],
  define: { "process.env.NODE_ENV": '"production"' },
  build: {
    outDir,
    emptyOutDir: true,
    target: TARGET,
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1024,
  },
  worker: { format: "es" },
})
const worker = join(source, "service-worker", "main.ts")
if (existsSync(worker))
  await bundle({
    entryPoints: [worker],
    outfile: join(outDir, "sw.js"),
    bundle: true,
    minify: true,
    format: "iife",
    platform: "browser",
    target: TARGET.slice(1),
    logLevel: "warning",
  })
