import { type CborValue, encodeCbor } from "../../../shared/protocol/cbor.js"
import { asId } from "../../../shared/protocol/ids.js"
import { LIMITS } from "../../../shared/protocol/limits.js"
import type { ErrorCode } from "../../../shared/protocol/errors.js"
import { type NoteContent, noteValues, readNote } from "../../../shared/protocol/notes.js"
import { sampleHeader } from "./assets.js"
import { bytesOf, edit, type Format, seededBytes, unchanged } from "./format.js"
import { liveHeader } from "./live.js"
import { encodeFields, fieldsOf } from "./recordings.js"

const RECORDING_ID = asId("recording", bytesOf("recording id", 16))

const SECTIONS: Partial<Record<NoteContent["type"], string>> = {
  capture: "7.5",
  consent: "7.5",
  live: "7.6",
  opening: "18.1",
}

/** What a statement says in its fields beside the nonce. `refused` edits the value of the field at an index. */
function noteOf(
  content: NoteContent,
  refused: readonly (readonly [name: string, index: number, value: CborValue, code?: ErrorCode])[],
): Format {
  const random = seededBytes(`note ${content.type}`)
  const raw = encodeFields(noteValues(content).map(([name, value]) => ({ name, salt: random(32), value })))
  return {
    name: `note-${content.type}`,
    section: SECTIONS[content.type] ?? "7.4",
    codes: [...new Set(["malformed" as const, ...refused.map(([, , , code = "malformed"]) => code)])],
    limitBytes: LIMITS.eventBytes,
    vouched: false,
    material: raw,
    assemble: unchanged,
    decode: (given) => readNote(content.type, fieldsOf(given)),
    refusals: [
      { name: "no field", code: "malformed", raw: encodeCbor([]) },
      ...refused.map(([name, index, value, code = "malformed"]) => ({
        name,
        code,
        raw: edit(raw, [index, 2], value),
      })),
    ],
  }
}

export function noteFormats(): readonly Format[] {
  return [
    noteOf({ type: "retention", days: 90 }, [
      ["no day", 0, 0],
      ["more days than allowed", 0, 36_501],
      ["days that are text", 0, "90"],
    ]),
    noteOf({ type: "withdrawal", recordingId: RECORDING_ID }, [["an id of another length", 0, bytesOf("id", 32)]]),
    noteOf({ type: "recording-title", recordingId: RECORDING_ID, title: "Kick-off, again" }, [
      ["an id of another length", 0, bytesOf("id", 15)],
      ["a title of 513 bytes", 1, "x".repeat(513)],
      ["no title", 1, null],
    ]),
    noteOf({ type: "capture", headerHash: bytesOf("header hash"), recordingId: RECORDING_ID }, [
      ["a header hash of another length", 0, bytesOf("header hash", 31)],
      ["an id of another length", 1, bytesOf("id", 32)],
    ]),
    noteOf({ type: "consent", headerHash: bytesOf("header hash") }, [
      ["a header hash of another length", 0, bytesOf("header hash", 64)],
      ["no header hash", 0, null],
    ]),
    noteOf(
      {
        type: "opening",
        subject: { of: "recording", recordingId: RECORDING_ID, part: { fromMs: 60_000, toMs: 90_500 } },
      },
      [
        ["something unknown", 0, ["message", RECORDING_ID, null]],
        ["an id of another length", 0, ["recording", bytesOf("id", 15), null]],
        ["a part that ends as it begins", 0, ["recording", RECORDING_ID, [5, 5]]],
        ["an event without a field", 0, ["event", 3, []]],
        ["an event whose number is text", 0, ["event", "3", ["roster"]]],
        ["no message", 0, ["messages", [], null]],
        ["messages with something else", 0, ["messages", [bytesOf("id", 16)], 1]],
      ],
    ),
    noteOf(
      {
        type: "live",
        recordingId: RECORDING_ID,
        rawHeader: liveHeader,
        deviceKey: bytesOf("device key"),
        mediaType: "video/webm",
        sealedKey: bytesOf("sealed key", 336),
      },
      [
        ["a header of kind file", 0, sampleHeader],
        ["a header of version 2", 0, liveHeader.with(8, 2), "unsupported-version"],
        ["a device key of another length", 1, bytesOf("device key", 31)],
        ["a key that is too short", 2, bytesOf("sealed key", 335)],
        ["no media type", 3, null],
        ["an id of another length", 4, bytesOf("id", 15)],
      ],
    ),
  ]
}
