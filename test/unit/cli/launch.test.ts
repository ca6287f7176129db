import { execFile } from "node:child_process"
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import { expect } from "chai"
import { root, temporaryFolder } from "../../support/programs.js"

const run = promisify(execFile)

describe("CLI: what V8 compiled when it was built", () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let program = ""

  before(async () => {
    folder = await temporaryFolder()
    program = join(folder.path, "dist", "programs", "taciturn.cjs")
    await mkdir(join(folder.path, "dist"))
    await cp(join(root, "package.json"), join(folder.path, "package.json"))
    await cp(join(root, "bin"), join(folder.path, "bin"), { recursive: true })
    await cp(join(root, "dist", "programs"), join(folder.path, "dist", "programs"), { recursive: true })
  })
  after(async () => {
    await folder.remove()
  })

  /** What the command prints, and whether V8 refused what it was given. */
  async function help(): Promise<readonly [string, boolean | undefined]> {
    const launcher = JSON.stringify(join(folder.path, "bin", "launch.mjs"))
    const script = `import { run } from ${launcher}
      const { cachedDataRejected } = run(process.argv[1])
      process.on("exit", () => process.stderr.write(String(cachedDataRejected)))`
    const { stdout, stderr } = await run(process.execPath, ["--input-type=module", "-e", script, program, "--help"])
    return [stdout, stderr === "undefined" ? undefined : stderr !== "false"]
  }

  it("is taken by the same V8; what is damaged or another's is not, and the command does the same", async () => {
    const [text, refused] = await help()
    expect([text, refused]).to.deep.equal([
      (await run(process.execPath, [join(root, "bin", "taciturn.mjs"), "--help"])).stdout,
      false,
    ])
    expect(text).to.match(/^Usage: taciturn /)
    const compiled = `${program}.compiled`
    const raw = await readFile(compiled)
    for (const other of [
      raw.subarray(0, raw.length / 2),
      raw.map((byte, at) => (at === 4 ? byte ^ 1 : byte)),
      Buffer.alloc(0),
    ]) {
      await writeFile(compiled, other)
      expect(await help()).to.deep.equal([text, true])
    }
    await rm(compiled)
    expect(await help()).to.deep.equal([text, undefined])
  })
})
