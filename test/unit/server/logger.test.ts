import { expect } from "chai"
import { ArchiveError } from "../../../shared/protocol/errors.js"
import { createLogger, errorFields } from "../../../shared/server/logger.js"

describe("the logger", () => {
  const log = (work: (logger: ReturnType<typeof createLogger>) => void, level = "info"): unknown[] => {
    const lines: unknown[] = []
    work(createLogger(level, { write: (line: string) => void lines.push(JSON.parse(line)) }))
    return lines
  }

  it("writes one line of JSON an entry, without the host's name or a process id", () => {
    const [line] = log((logger) => {
      logger.info("stored", { asset: "a1", bytes: 5 })
    })
    expect(line).to.have.all.keys("level", "time", "msg", "asset", "bytes")
  })

  it("leaves out what is below its level", () => {
    expect(
      log((logger) => {
        logger.debug("fine")
      }),
    ).to.deep.equal([])
    expect(
      log((logger) => {
        logger.error("bad")
      }, "silent"),
    ).to.deep.equal([])
  })

  it("says of an error its code alone: not its message, stack, or cause", () => {
    const secret = "mtg_secret token=abc 203.0.113.9"
    expect(errorFields(new ArchiveError("forbidden", secret, { cause: new Error(secret) }))).to.deep.equal({
      code: "forbidden",
    })
    const system = Object.assign(new TypeError(secret), { code: "ENOSPC", path: secret })
    expect(errorFields(system)).to.deep.equal({ code: "internal", class: "TypeError", systemCode: "ENOSPC" })
    expect(errorFields(secret)).to.deep.equal({ code: "internal" })
  })
})
