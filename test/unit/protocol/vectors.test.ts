import { readFile } from "node:fs/promises"
import { expect } from "chai"
import { sodiumReady } from "../../../client/crypto/sodium.js"
import { fromHex } from "../../../shared/protocol/bytes.js"
import { ArchiveError } from "../../../shared/protocol/errors.js"
import { allFormats } from "../../support/formats/all.js"
import type { Format } from "../../support/formats/format.js"
import { fileOf, textOf, type Vectors, vectorsOf } from "../../vectors/vectors.js"

async function frozen(format: Format): Promise<{ readonly text: string; readonly vectors: Vectors }> {
  const text = await readFile(fileOf({ format: format.name }), "utf8")
  return { text, vectors: JSON.parse(text) as Vectors }
}

describe("frozen vectors", () => {
  let formats: readonly Format[] = []

  before(async () => {
    await sodiumReady()
    formats = allFormats()
  })

  it("every format is made as it was frozen, byte for byte, and says what it said", async () => {
    expect(formats.length).to.be.greaterThan(30)
    for (const format of formats)
      expect(
        textOf(vectorsOf(format)) === (await frozen(format)).text,
        `${format.name} is not as it was frozen`,
      ).to.equal(true)
  })

  it("every frozen invalid variant is refused with its code", async () => {
    for (const format of formats) {
      const { vectors } = await frozen(format)
      expect(vectors.invalid, format.name).not.to.have.length(0)
      for (const { name, code, bytes } of vectors.invalid)
        expect(refusalOf(format, fromHex(bytes)), `${format.name}: ${name}`).to.equal(code)
    }
  })

  it("input above a format's limit is refused as too large, where the format has a limit", () => {
    for (const format of formats.filter((candidate) => candidate.codes.includes("too-large"))) {
      expect(refusalOf(format, new Uint8Array(format.limitBytes + 1)), format.name).to.equal("too-large")
    }
  })

  it("no format is cut short or followed by a byte unnoticed", () => {
    for (const format of formats.filter((candidate) => candidate.vouched)) {
      const raw = format.assemble(format.material)
      for (const changed of [raw.slice(0, -1), raw.slice(1), Uint8Array.of(...raw, 0)])
        expect(refusalOf(format, changed), format.name).not.to.equal("accepted")
    }
  })
})

function refusalOf(format: Format, raw: Uint8Array): string {
  try {
    format.decode(raw)
    return "accepted"
  } catch (error) {
    if (error instanceof ArchiveError) return error.code
    throw error
  }
}
