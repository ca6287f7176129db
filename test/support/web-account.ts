import { join } from "node:path"
import { build } from "esbuild"
import type { Page } from "playwright-core"
import { openStateFile } from "../../client/sdk/node/state-file.js"
import { encodeState } from "../../client/sdk/state.js"
import { toBase64Url } from "../../shared/protocol/bytes.js"
import { secureRandom } from "../../client/cli/context.js"
import { root } from "./programs.js"

let script: string | null = null

/** Gives a browser at the app the account that somebody has at a terminal, and loads the page. Both are then one device, which only reads here. */
export async function takeAccount(page: Page, home: string): Promise<void> {
  const { current } = await openStateFile(join(home, "keystore"), () => Promise.resolve(null), secureRandom)
  script ??= await bundled()
  await page.evaluate(script)
  await page.evaluate(`account.keep(${JSON.stringify(toBase64Url(encodeState(current)))})`)
  await page.reload()
}

async function bundled(): Promise<string> {
  const { outputFiles } = await build({
    stdin: {
      contents: `
        import { createStateBox } from "./client/web/platform/state-box.ts"
        import { decodeState } from "./client/sdk/state.ts"
        import { fromBase64Url } from "./shared/protocol/bytes.ts"
        export const keep = async (encoded) => { await createStateBox(decodeState(fromBase64Url(encoded))) }`,
      resolveDir: root,
    },
    bundle: true,
    write: false,
    platform: "browser",
    format: "iife",
    globalName: "account",
    target: "es2023",
    logLevel: "warning",
  })
  return outputFiles[0]?.text ?? ""
}
