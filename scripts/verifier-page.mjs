// Makes the verifier's page: one HTML file with all that it needs in it, which may ask nobody for anything.
import { createHash } from "node:crypto"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { build, transform } from "esbuild"

const TARGET = ["es2023", "chrome123", "firefox121", "safari17.5"]

/** @param entry the page's compiled program. @param source the folder of its HTML and CSS. */
export async function verifierPage(entry, source) {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    minify: true,
    format: "iife",
    platform: "browser",
    target: TARGET,
    legalComments: "inline",
    logLevel: "warning",
  })
  const script = outputFiles[0].text.trim()
  const style = (await transform(await readFile(join(source, "page.css"), "utf8"), { loader: "css", minify: true }))
    .code
  // libsodium's is WebAssembly. What is opened is played and saved from the page's own memory.
  const policy = `default-src 'none'; script-src '${hashOf(script)}' 'wasm-unsafe-eval'; style-src '${hashOf(style)}'; media-src blob:`
  const parts = {
    "policy and style": `<meta http-equiv="Content-Security-Policy" content="${policy}" /><style>${style}</style>`,
    script: `<script>${script}</script>`,
  }
  const page = await readFile(join(source, "page.html"), "utf8")
  return page.replaceAll(/<!-- (policy and style|script) -->/g, (_, name) => parts[name])
}

function hashOf(text) {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`
}
