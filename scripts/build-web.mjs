// Builds the web app to dist/web, or to the folder that is named: the pages by Vite, the service worker as one file, since nothing may be fetched while it starts.
// The same sources give the same bytes: names are hashes of contents, and nothing of the machine or the time goes in.
import { dirname, join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import react from "@vitejs/plugin-react"
import { build as bundle } from "esbuild"
import { build } from "vite"

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const source = join(root, "client", "web")
const outDir = resolve(process.argv[2] ?? join(root, "dist", "web"))
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
await bundle({
  entryPoints: [join(source, "service-worker", "main.ts")],
  outfile: join(outDir, "sw.js"),
  bundle: true,
  minify: true,
  format: "iife",
  platform: "browser",
  target: TARGET.slice(1),
  logLevel: "warning",
})
