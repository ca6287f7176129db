import { expect } from "chai"
import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const MODULE = fileURLToPath(new URL("../../../shared/server/failpoints.ts", import.meta.url))

describe("failpoints", function () {
  this.timeout(90_000)
  let folder: string
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "taciturn-test-failpoint-"))
  })
  after(() => {
    rmSync(folder, { recursive: true, force: true })
  })

  /** Passes "first", "second", "second", "third" with one of them armed; tells how far it came. */
  function run(name: string | null): { readonly passed: string; readonly signal: string | null; readonly log: string } {
    const logPath = join(folder, "log")
    rmSync(logPath, { force: true })
    const armed = JSON.stringify(name === null ? null : { name, logPath })
    const script = `const { armFailpoint, failpoint } = await import(${JSON.stringify(MODULE)})
      const { writeSync } = await import("node:fs")
      armFailpoint(${armed})
      for (const name of ["first", "second", "second", "third"]) { failpoint(name); writeSync(1, name[0]) }`
    const { stdout, signal } = spawnSync(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script], {
      encoding: "utf8",
    })
    let log = ""
    try {
      log = readFileSync(logPath, "utf8")
    } catch {
      // Nothing was hit.
    }
    return { passed: stdout, signal, log }
  }

  it("do nothing unless armed", () => {
    expect(run(null)).to.deep.equal({ passed: "fsst", signal: null, log: "" })
    expect(run("elsewhere")).to.deep.equal({ passed: "fsst", signal: null, log: "" })
  })

  it("kill the process where they are reached, and say before that they were", () => {
    expect(run("second")).to.deep.equal({ passed: "f", signal: "SIGKILL", log: "second\n" })
    expect(run("second:2")).to.deep.equal({ passed: "fs", signal: "SIGKILL", log: "second\n" })
    expect(run("second:3")).to.deep.equal({ passed: "fsst", signal: null, log: "" })
  })
})
