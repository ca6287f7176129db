// mocha's own list and summary, and then one line for programs.
const Mocha = require("mocha")

module.exports = class extends Mocha.reporters.Spec {
  constructor(runner, options) {
    super(runner, options)
    runner.once("end", () => {
      const { passes, failures, pending } = this.stats
      process.once("exit", () => {
        process.stdout.write(`${passes} passed, ${failures} failed${pending > 0 ? `, ${pending} skipped` : ""}\n`)
      })
    })
  }
}
