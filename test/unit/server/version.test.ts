import { expect } from "chai"
import { execFile } from "node:child_process"
import { promisify } from "node:util"
import { programHash } from "../../../shared/server/version.js"
import { root } from "../../support/programs.js"

const run = promisify(execFile)

describe("the hash of the program", () => {
  it("is what sha256sum says of its files", async () => {
    const command = "find shared worker -name '*.ts' | LC_ALL=C sort | xargs sha256sum | sha256sum"
    const { stdout } = await run("sh", ["-c", command], { cwd: root })
    expect(programHash()).to.equal(stdout.split(" ")[0])
  })
})
