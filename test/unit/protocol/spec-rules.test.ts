import { readdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import { expect } from "chai"

/** What a test says of itself: strings alone, so that a comment names no rule. At their beginning, or in parentheses. */
const STRINGS = /"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g

describe("the rules of SPEC.md", () => {
  let rules: readonly string[] = []
  let named: ReadonlySet<string> = new Set()

  before(async () => {
    const spec = await readFile("docs/SPEC.md", "utf8")
    rules = Array.from(spec.matchAll(/^- \*\*([A-Z]{1,2}\d+)\*\* /gm), ([, rule]) => rule ?? "")
    const files = (await readdir("test", { recursive: true })).filter((file) => file.endsWith(".ts"))
    const texts = await Promise.all(files.map(async (file) => await readFile(join("test", file), "utf8")))
    const strings = texts.flatMap((text) => text.match(STRINGS) ?? [])
    named = new Set(strings.flatMap((text) => text.match(/(?<=^["`]|[(;] ?|, )[A-Z]{1,2}\d+(?=[,:)"`])/g) ?? []))
  })

  it("are numbered from 1 on under each letter, each once", () => {
    const letters = new Set(rules.map((rule) => rule.replace(/\d+$/, "")))
    expect(rules).to.have.length.greaterThan(100)
    for (const letter of letters) {
      const numbers = rules
        .filter((rule) => rule.replace(/\d+$/, "") === letter)
        .map((rule) => Number(rule.slice(letter.length)))
      expect(
        numbers.toSorted((a, b) => a - b),
        letter,
      ).to.deep.equal(Array.from(numbers, (_, index) => index + 1))
    }
  })

  it("are each named by a test", () => {
    expect(rules.filter((rule) => !named.has(rule))).to.deep.equal([])
  })

  it("are all that tests name", () => {
    const letters = new Set(rules.map((rule) => rule.replace(/\d+$/, "")))
    const unknown = [...named].filter((name) => letters.has(name.replace(/\d+$/, "")) && !rules.includes(name))
    expect(unknown).to.deep.equal([])
  })
})
