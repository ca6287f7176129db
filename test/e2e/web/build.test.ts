import { execFile } from "node:child_process"
import { readdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import { gzipSync } from "node:zlib"
import { expect } from "chai"
import { root, temporaryFolder } from "../../support/programs.js"
import { startTestApi, type TestApi } from "../../support/test-api.js"

const FIRST_LOAD_BYTES = 350 * 1024

describe("the web app's build", function () {
  this.timeout(120_000)
  let api: TestApi
  before(async () => {
    api = await startTestApi()
  })
  after(async () => {
    await api.stop()
  })

  it("gives the same bytes twice, which are those that are served", async () => {
    const { path, remove } = await temporaryFolder()
    await promisify(execFile)(process.execPath, [join(root, "scripts/build-web.mjs"), path])
    const built = await contentsOf(path)
    expect([...built.keys()]).to.include.members(["index.html", "sw.js"])
    expect(await contentsOf(join(root, "dist/web"))).to.deep.equal(built)
    await remove()
  })

  it("sends less than 350 KiB, compressed, before the first screen stands", async () => {
    const page = await (await fetch(`${api.url}/app/`)).text()
    const names = [...page.matchAll(/(?:src|href)="(\/app\/[^"]+)"/g)].map(([, name]) => name!)
    expect(names.length).to.be.at.least(2)
    const sizes = await Promise.all(
      names.map(async (name) => gzipSync(Buffer.from(await (await fetch(api.url + name)).arrayBuffer())).length),
    )
    expect(sizes.reduce((sum, size) => sum + size, gzipSync(page).length)).to.be.below(FIRST_LOAD_BYTES)
  })

  it("is served under a policy that lets in nothing of another origin and makes no text a script", async () => {
    const names = ["/app/", "/app/sw.js", `/app/assets/${(await readdir(join(root, "dist/web/assets")))[0]!}`]
    for (const name of names) {
      const { status, headers } = await fetch(api.url + name)
      expect(status, name).to.equal(200)
      const policy = headers.get("content-security-policy") ?? ""
      expect(policy, name).to.include("default-src 'none'").and.include("require-trusted-types-for 'script'")
      expect(policy.replaceAll("'wasm-unsafe-eval'", ""), name).not.to.match(/unsafe|https?:|\*|data:/)
      expect(policy).to.include("connect-src 'self'")
      expect(headers.get("cache-control"), name).to.equal(
        name.includes("/assets/") ? "public, max-age=31536000, immutable" : "no-cache",
      )
    }
  })

  it("knows no file that was not built", async () => {
    for (const name of ["/app/nothing.js", "/app/../package.json", "/app/%2e%2e/package.json", "/app/assets/"])
      expect((await fetch(api.url + name)).status, name).to.equal(404)
  })
})

async function contentsOf(folder: string): Promise<ReadonlyMap<string, string>> {
  const names = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())
  const files = names.map(({ parentPath, name }) => join(parentPath, name)).sort()
  return new Map(
    await Promise.all(
      files.map(async (path): Promise<[string, string]> => [
        path.slice(folder.length + 1),
        (await readFile(path)).toString("base64"),
      ]),
    ),
  )
}
