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

/** Rules of SPEC.md whose refusal is frozen: format, variant, code. */
const RULES: readonly (readonly [string, string, string, string])[] = [
  ["B1", "cbor", "a count that wants more than there is", "malformed"],
  ["B1", "cbor", "seventeen arrays in each other", "malformed"],
  ["B2", "cbor", "longer than allowed", "too-large"],
  ["B3", "event", "version 2", "unsupported-version"],
  ["B4", "id", "the same digits under another prefix", "malformed"],
  ["B5", "envelope", "a key of small order", "bad-signature"],
  ["B6", "message", "a time that is no date", "malformed"],
  ["E1", "committed-seal", "a commitment with one bit turned", "cannot-open"],
  ["E2", "envelope", "a statement with one bit turned", "bad-signature"],
  ["E3", "statement", "a statement that names another key", "bad-signature"],
  ["A1", "asset-header", "a reserved byte that is set", "malformed"],
  ["A4", "segment", "sealed for another place", "integrity"],
  ["A6", "chunk-hashes", "the hashes of another chunk", "integrity"],
  ["K3", "keyring-record-opened", "another prev", "bad-chain"],
  ["K5", "keyring-block", "a block of an unknown kind", "malformed"],
  ["F1", "event-body", "a field twice", "malformed"],
  ["F1", "event-body", "no nonce", "malformed"],
  ["F2", "event-body", "a value that was not signed", "bad-signature"],
  ["F2", "shown-field", "a step of the path less", "bad-signature"],
  ["M16", "roster", "no admin", "malformed"],
  ["M18", "event", "three boxes", "malformed"],
  ["M18", "event", "two boxes under one tag", "malformed"],
  ["R1", "recording", "one asset twice", "malformed"],
  ["R1", "recording", "a size that does not fit the true size", "malformed"],
  ["IM1", "import-record", "a clock of unknown basis", "malformed"],
  ["IM1", "import-record", "a file of unknown use", "malformed"],
  ["LH1", "live-head", "a flush behind its end", "malformed"],
  ["LH1", "live-head", "no segment", "malformed"],
  ["LH2", "live-head", "signed by another device", "bad-signature"],
  ["LH2", "live-head", "the head of another asset", "bad-signature"],
  ["LV1", "note-live", "a header of kind file", "malformed"],
  ["CH1", "message", "an id of 15 bytes", "malformed"],
  ["CH2", "message", "of another epoch", "cannot-open"],
  ["CH2", "message", "signed by another device", "bad-signature"],
  ["CH2", "message", "signed under another id", "bad-signature"],
  ["CH4", "message-text", "mentions that are not sorted", "malformed"],
  ["CH4", "message-reaction", "an empty reaction", "malformed"],
  ["CH8", "chat-heads", "a device twice", "malformed"],
  ["V1", "invitation-box", "padding of zeros alone", "malformed"],
  ["V2", "invitation-box", "for somebody else", "not-authorised"],
  ["Q2", "receipt-verified", "by a key without a certificate", "bad-receipt"],
  ["W1", "asset-record", "one chunk hash too few", "malformed"],
  ["ON1", "note-opening", "something unknown", "malformed"],
  ["Y1", "keystore", "a cost in memory that would take the machine", "malformed"],
]

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

  it("every code that a format documents is that of a frozen variant, but for too-large", async () => {
    for (const format of formats) {
      const { vectors } = await frozen(format)
      const codes = new Set(vectors.invalid.map(({ code }) => code))
      const missing = format.codes.filter((code) => code !== "too-large" && !codes.has(code))
      expect(missing, format.name).to.deep.equal([])
    }
  })

  for (const [rule, name, variant, code] of RULES) {
    it(`${rule}: ${name}, ${variant}: ${code}`, async () => {
      const format = formats.find((candidate) => candidate.name === name)!
      const { vectors } = await frozen(format)
      const { bytes } = vectors.invalid.find((candidate) => candidate.name === variant)!
      expect(refusalOf(format, fromHex(bytes))).to.equal(code)
    })
  }

  it("input above a format's limit is refused as too large, where the format has a limit (B2)", () => {
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
