// mocha's own list and summary; and one line for programs, in the file that the option `summary` names.
const { writeFileSync } = require("node:fs")
const Mocha = require("mocha")

module.exports = class extends Mocha.reporters.Spec {
  constructor(runner, options) {
    super(runner, options)
    const { summary } = options.reporterOptions ?? {}
    runner.once("end", () => {
      if (summary !== undefined) writeFileSync(summary, `${this.stats.passes} passed, ${this.stats.failures} failed`)
    })
  }
}
