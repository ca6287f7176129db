import { readFile } from "node:fs/promises"
import { expect } from "chai"
import { LABELS } from "../../../shared/protocol/labels.js"

describe("labels", () => {
  it("are each there once, and none begins another where no length stands before it", () => {
    const labels = Object.values(LABELS)
    expect(new Set(labels).size).to.equal(labels.length)
    // Signed bytes are label ‖ 0x00 ‖ statement: the zero ends the label, so only a label with a zero in it could be taken for another.
    for (const label of labels) expect(label).to.match(/^taciturn\/v1\/[a-z0-9/-]+$/)
  })

  it("are those of SPEC.md §1, all of them", async () => {
    const specification = await readFile(new URL("../../../docs/SPEC.md", import.meta.url), "utf8")
    const table = specification.slice(specification.indexOf("| label | use |"), specification.indexOf("## 2."))
    const inSpecification = [...table.matchAll(/`(?:taciturn\/v1|…)(\/[a-z0-9/-]+)`/g)].map(
      (match) => `taciturn/v1${match[1] ?? ""}`,
    )
    expect(inSpecification.toSorted()).to.deep.equal(Object.values(LABELS).toSorted())
  })
})
