import { randomBytes } from "node:crypto"
import { mkdir, readFile, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { expect } from "chai"
import { type Service, startService } from "../../support/sdk/clients.js"

const DOCUMENT = new URL("../../../docs/sdk.md", import.meta.url)
const SDK = new URL("../../../client/sdk/index.ts", import.meta.url)

describe("SDK: the example in docs/sdk.md", function () {
  this.timeout(60_000)
  let service: Service

  before(async () => {
    service = await startService()
  })
  after(async () => {
    await service.stop()
  })

  it("runs as it stands", async () => {
    const [, code = ""] = /```ts\n([\s\S]*?)```/.exec(await readFile(DOCUMENT, "utf8")) ?? []
    expect(code).to.include('from "taciturn/client/sdk"')
    const [home, file] = [join(service.folder, "home"), join(service.folder, "review.mp4")]
    const example = join(fileURLToPath(new URL(".", import.meta.url)), `.example-${randomBytes(6).toString("hex")}.ts`)
    const bytes = randomBytes(200_000)
    await mkdir(home, { mode: 0o700 })
    await writeFile(file, bytes)
    await writeFile(example, code.replace("taciturn/client/sdk", SDK.href).replaceAll("console.log", "void "))
    try {
      const { main } = (await import(pathToFileURL(example).href)) as {
        main: (url: string, home: string, file: string) => Promise<Uint8Array[]>
      }
      const parts = await main(service.url, home, file)
      expect(Buffer.concat(parts).equals(bytes.subarray(100, 200))).to.equal(true)
    } finally {
      await rm(example)
    }
  })
})
