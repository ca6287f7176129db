import { encodeCbor } from "../../../shared/protocol/cbor.js"
import { decodeImportRecord, encodeImportRecord, type ImportRecord } from "../../../shared/protocol/import-record.js"
import { LIMITS } from "../../../shared/protocol/limits.js"
import { SAMPLE_TIME_MS } from "./accounts.js"
import { bytesOf, commonRefusals, edit, type Format, itemsOf, unchanged, valueAt } from "./format.js"

const RECORD: ImportRecord = {
  source: "zoom",
  importedAtMs: SAMPLE_TIME_MS,
  files: [
    { name: "zoom_0.mp4", sizeBytes: 1_000_000, sha256: bytesOf("video"), use: "media" },
    { name: "chat.txt", sizeBytes: 123, sha256: bytesOf("chat"), use: "chat" },
  ],
  people: [
    { name: "Ringo Starr", address: "ringo@beatles.example", minutes: 53 },
    { name: "Eric's iPad", address: null, minutes: null },
  ],
  clock: { basis: "given", startMs: -30_000 },
  lines: [
    { type: "message", clockMs: 1_274_000, author: "Ringo Starr", to: null, about: null, text: "Cockpit" },
    { type: "reply", clockMs: 1_275_000, author: "Eric's iPad", to: "Ringo Starr", about: "Cockpit", text: "Fuselage" },
    { type: "unread", clockMs: null, author: null, to: null, about: null, text: "\u{fffd}\u{fffd} ---" },
  ],
}

function importRecord(): Format {
  const raw = encodeImportRecord(RECORD)
  const line = itemsOf(valueAt(raw, [6, 0]))
  return {
    name: "import-record",
    section: "8.1",
    codes: ["malformed", "too-large", "unsupported-version"],
    limitBytes: LIMITS.importRecordBytes,
    vouched: false,
    material: raw,
    assemble: unchanged,
    decode: decodeImportRecord,
    refusals: [
      ...commonRefusals(raw, raw, LIMITS.importRecordBytes, unchanged),
      { name: "no platform", code: "malformed", raw: edit(raw, [1], "") },
      { name: "a file of unknown use", code: "malformed", raw: edit(raw, [3, 0, 3], "other") },
      { name: "a file with a hash of 31 bytes", code: "malformed", raw: edit(raw, [3, 0, 2], bytesOf("video", 31)) },
      { name: "a clock of unknown basis", code: "malformed", raw: edit(raw, [5, 0], "guessed") },
      { name: "a zero that is negative", code: "malformed", raw: edit(raw, [5, 2], 0) },
      { name: "an author of 513 bytes", code: "malformed", raw: edit(raw, [6, 0, 2], "x".repeat(513)) },
      { name: "a line without a type", code: "malformed", raw: edit(raw, [6, 0, 0], "") },
      { name: "a line with an item more", code: "malformed", raw: edit(raw, [6, 0], [...line, null]) },
      { name: "lines that are no array", code: "malformed", raw: edit(raw, [6], encodeCbor(RECORD.source)) },
    ],
  }
}

export function importFormats(): readonly Format[] {
  return [importRecord()]
}
