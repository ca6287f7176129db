import { parse } from "../../../api/mount.js"
import { parseRange } from "../../../api/assets/range.js"
import { parseAnswer } from "../../../client/sdk/http.js"
import { decodeState, encodeState, NOTHING_UNSEEN } from "../../../client/sdk/state.js"
import { readShardHead } from "../../../client/sdk/search/shard.js"
import { SearchVolume } from "../../../client/sdk/search/volume.js"
import { decodeJournal, encodeJournal, type Journal, JOURNAL_LIMIT_BYTES } from "../../../client/sdk/upload/journal.js"
import { concatBytes, toBase64Url, utf8 } from "../../../shared/protocol/bytes.js"
import { decodeCbor } from "../../../shared/protocol/cbor.js"
import { AppendEventRequest, EventsResponse } from "../../../shared/protocol/http.js"
import { parseJob } from "../../../shared/server/jobs/job-key.js"
import { recordLine } from "../../../worker/admin/production-format.js"
import { LINE_LIMIT_BYTES, parseRecord } from "../../../worker/admin/record-reader.js"
import { sampleAccount } from "./accounts.js"
import { bytesOf, commonRefusals, edit, type Format, itemsOf, NOTHING, unchanged } from "./format.js"
import { textFormat } from "./texts.js"

/**
 * What decodes untrusted bytes and has no frozen vectors: JSON over HTTP, which docs/openapi.json describes, a client's own state and journal, a queue's
 * jobs, a request's range, a search index, which is built anew, and the rows of a production, which another version may write otherwise.
 */
export function unfrozenFormats(): readonly Format[] {
  return [clientState(), journal(), request(), answer(), range(), job(), record(), searchIndex(), searchVolume()]
}

function request(): Format {
  const [event, certificate] = [toBase64Url(bytesOf("event", 100)), toBase64Url(bytesOf("certificate", 134))]
  return textFormat({
    name: "append-event-request",
    section: "7",
    codes: ["malformed", "too-large"],
    text: JSON.stringify({ event, certificate }),
    decode: (text) => parse(AppendEventRequest, jsonOrText(text), "body"),
    refusals: [
      ["no event", "malformed", JSON.stringify({ certificate })],
      ["an unknown field", "malformed", JSON.stringify({ event, title: "a" })],
      ["a certificate longer than any", "too-large", JSON.stringify({ event, certificate: "A".repeat(400) })],
      ["an event that is an object", "malformed", JSON.stringify({ event: { length: 4 } })],
    ],
  })
}

/** Text that is no JSON does not come so far: Express refuses it. */
function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function answer(): Format {
  const head = { seq: 1, hash: toBase64Url(bytesOf("head")) }
  const events = [toBase64Url(bytesOf("event", 100))]
  return textFormat({
    name: "events-answer",
    section: "7",
    codes: ["malformed"],
    text: JSON.stringify({ events, next: null, head }),
    decode: (text) => parseAnswer(EventsResponse, new TextEncoder().encode(text)),
    refusals: [
      ["nothing", "malformed", ""],
      [
        "a page of 101 events",
        "malformed",
        JSON.stringify({ events: Array.from({ length: 101 }, () => "AA"), next: null, head }),
      ],
      ["a negative seq", "malformed", JSON.stringify({ events, next: null, head: { ...head, seq: -1 } })],
      ["a prototype", "malformed", '{"__proto__":{"events":[],"next":null}}'],
    ],
  })
}

/** What the client keeps inside its keystore. */
function clientState(): Format {
  const { secrets, genesisLink, boxes } = sampleAccount("alice")
  const hash = bytesOf("hash")
  const material = encodeState({
    url: "https://archive.example",
    instanceKey: hash,
    deviceName: "laptop",
    registered: true,
    genesisLink,
    boxes: [...boxes],
    secrets: { genesisHash: secrets.genesisHash, device: secrets.device, userSeeds: [...secrets.userSeeds] },
    pins: [{ genesisHash: hash, seq: 0, headHash: hash, isVerified: true }],
    chats: [
      {
        meetingHash: bytesOf("meeting"),
        next: { counter: 3, prev: bytesOf("message") },
        pin: { incarnation: 0, seq: 5, hash: bytesOf("newest") },
        datedPlaces: [{ seq: 3, timeMs: 86_400_000 }],
        heads: [{ deviceKey: bytesOf("device"), counter: 2, hash: bytesOf("message") }],
        outbox: [{ messageId: bytesOf("id", 16), raw: bytesOf("raw", 300) }],
        looseFiles: [{ rawHeader: bytesOf("header", 64), uploadSecret: bytesOf("secret"), dueAtMs: 0 }],
        deletions: [{ statementId: bytesOf("id", 16), targetId: bytesOf("target", 16) }],
        readUntil: { incarnation: 0, seq: 4 },
        unread: { messages: 1, mentions: 0, isMore: true },
      },
    ],
    readMarks: [{ meetingHash: hash, events: 1, chat: { incarnation: 0, seq: 4 } }],
    looks: [{ meetingHash: hash, events: 2, chat: { incarnation: 0, seq: 5 } }],
    looksDueAtMs: 1_790_000_000_000,
    drafts: [],
    contacts: [{ genesisHash: hash, state: "card", name: "Bob", handle: null, seq: 0 }],
    phraseConfirmed: true,
    meetings: [
      {
        meetingHash: hash,
        known: [{ eventHash: hash, epoch: 0, secret: hash, adminSeed: null }],
        head: { seq: 0, hash },
        seen: { title: "A meeting", epoch: 0, members: 1, recordings: null },
        checkedEpochs: [hash],
        deletion: null,
        lookedAtSeq: null,
        unseen: { ...NOTHING_UNSEEN },
      },
    ],
    keyring: { count: 0, hash },
    outbox: [],
    pendingRekeys: [],
    published: [{ recordingId: hash, meetingHash: hash, secrets: hash }],
    openings: [{ linkId: hash, opening: bytesOf("opening", 16) }],
    preApprovedUntilMs: 0,
    searchKey: bytesOf("search key"),
    handled: [hash],
    heededNotices: [hash],
  })
  return {
    name: "client-state",
    section: "14",
    codes: ["malformed", "too-large", "unsupported-version"],
    limitBytes: 16 * 1024 * 1024,
    vouched: false,
    material,
    assemble: unchanged,
    decode: decodeState,
    refusals: commonRefusals(material, material, 16 * 1024 * 1024, unchanged).filter(
      (refusal) => refusal.name === "version 2" || refusal.name === "nothing",
    ),
  }
}

/** What a client keeps of an upload. */
function journal(): Format {
  const hash = bytesOf("hash")
  const whole: Journal = {
    version: 1,
    recordingId: bytesOf("recording", 16),
    meetingHash: hash,
    captureEpoch: 3,
    details: { title: "A title", fileName: "a.mp4", capturedAtMs: null, durationMs: 1, prepared: "remuxed" },
    assets: [
      {
        role: "media",
        mediaType: "video/mp4",
        rawHeader: bytesOf("header", 64),
        contentKey: hash,
        uploadSecret: hash,
        trueBytes: 1_000,
        done: { storedBytes: 65_536, root: hash, receipt: bytesOf("receipt", 200) },
      },
    ],
    rawEvent: bytesOf("event", 300),
    live: {
      mediaType: "video/webm",
      rawHeader: bytesOf("live header", 64),
      contentKey: hash,
      uploadSecret: hash,
      endSegments: 7,
      isStored: false,
    },
  }
  const text = Buffer.from(encodeJournal(whole)).toString()
  const format = textFormat({
    name: "journal",
    section: "4",
    codes: ["malformed", "too-large"],
    limitBytes: JOURNAL_LIMIT_BYTES,
    text,
    refusals: [
      ["nothing", "malformed", ""],
      ["another version", "malformed", text.replace('"version":1', '"version":2')],
      ["no assets", "malformed", JSON.stringify({ ...(JSON.parse(text) as object), assets: [] })],
      ["bytes that are none", "malformed", text.replace(/"recordingId":"[^"]*"/, '"recordingId":"+/=="')],
    ],
  })
  return { ...format, decode: decodeJournal }
}

/** A `Range` header: what is not understood is ignored, and nothing beyond the stream is ever given. */
function range(): Format {
  const sizeBytes = 1_000
  return textFormat({
    name: "range",
    section: "11",
    codes: [],
    text: "bytes=10-99",
    decode: (text) => {
      const parsed = parseRange(text, sizeBytes)
      if (parsed.kind === "part" && !(parsed.start >= 0 && parsed.start <= parsed.end && parsed.end < sizeBytes))
        throw new RangeError(`bytes that are not there: ${text}`)
      return parsed
    },
    refusals: [],
  })
}

function job(): Format {
  const asset = "00".repeat(16)
  return textFormat({
    name: "job",
    section: "10",
    codes: ["malformed"],
    text: JSON.stringify({ name: "store-chunk", asset, chunk: 2 }),
    decode: (text) => parseJob(jsonOrText(text)),
    refusals: [
      ["a name that is none", "malformed", JSON.stringify({ name: "delete", asset })],
      ["an asset that is a path", "malformed", JSON.stringify({ name: "finish-asset", asset: "../../etc/passwd" })],
      ["half a chunk", "malformed", JSON.stringify({ name: "store-chunk", asset, chunk: 0.5 })],
    ],
  })
}

function record(): Format {
  const row = { asset_id: Buffer.from(bytesOf("asset", 16)), n: 0, size_bytes: 65_536, sha256: null }
  const text = recordLine("chunks", {
    ...row,
    leaf_hashes: Buffer.from(bytesOf("leaves", 32)),
    stored: false,
  }).trimEnd()
  const format = textFormat({
    name: "record",
    section: "12",
    codes: ["integrity"],
    limitBytes: LINE_LIMIT_BYTES,
    text,
    refusals: [
      ["nothing", "integrity", ""],
      ["a table that is none", "integrity", text.replace('"chunks"', '"users"')],
      ["a column more", "integrity", text.replace('"n":0', '"n":0,"m":0')],
      ["a name twice", "integrity", text.replace('"n":0', '"n":0,"n":0')],
      ["white space", "integrity", text.replace('"n":0', '"n": 0')],
    ],
  })
  return { ...format, decode: (raw) => parseRecord(raw, "a line") }
}

function searchIndex(): Format {
  const readUntil = { logSeq: 3, chat: { incarnation: 0, until: 5 }, recordings: {} }
  const volume = "0a".repeat(32)
  const head = { version: 5, readUntil, volumes: [volume] }
  return textFormat({
    name: "search-index",
    section: "14.2",
    codes: ["malformed", "unsupported-version"],
    text: JSON.stringify(head),
    decode: (text) => readShardHead(new TextEncoder().encode(text)),
    refusals: [
      ["nothing", "malformed", ""],
      ["version 4", "unsupported-version", JSON.stringify({ ...head, version: 4 })],
      ["no version", "malformed", JSON.stringify({ ...head, version: undefined })],
      ["a negative place", "malformed", JSON.stringify({ ...head, readUntil: { ...readUntil, logSeq: -1 } })],
      ["no volumes", "malformed", JSON.stringify({ version: 5, readUntil })],
      ["half a hash", "malformed", JSON.stringify({ ...head, volumes: [volume.slice(1)] })],
      ["a volume that is a path", "malformed", JSON.stringify({ ...head, volumes: ["../".repeat(21)] })],
    ],
  })
}

function searchVolume(): Format {
  const volume = SearchVolume.empty()
  const nothing = { files: "", hasFile: false, claimedAuthor: null, recording: null, placeMs: null, message: null }
  for (const [id, text] of [
    ["a", "the heron, the egret"],
    ["b", "the peacock"],
  ] as const)
    volume.add({ ...nothing, id, kind: "message", text, author: "0a".repeat(32), timeMs: 1_700_000_000_000 })
  const raw = volume.encode()
  const [, rows = NOTHING, columns = NOTHING, times = NOTHING, lengths = NOTHING, words = NOTHING, postings = NOTHING] =
    itemsOf(decodeCbor(raw, raw.length)) as readonly Uint8Array[]
  return {
    name: "search-volume",
    section: "14.2",
    codes: ["malformed"],
    limitBytes: raw.length,
    material: raw,
    assemble: unchanged,
    decode: (bytes) => {
      const opened = SearchVolume.open(bytes, false)
      return { size: opened.size, found: opened.search("heron", {}, 10).rows.map(({ row }) => opened.read(row)) }
    },
    vouched: false,
    refusals: [
      { name: "nothing", code: "malformed", raw: NOTHING },
      { name: "rows that are not ended", code: "malformed", raw: edit(raw, [1], rows.slice(0, -1)) },
      { name: "a row too many", code: "malformed", raw: edit(raw, [1], concatBytes(rows, utf8("[]\n"))) },
      { name: "a row that is no JSON", code: "malformed", raw: edit(raw, [1], utf8(`["a\n["b"]\n`)) },
      {
        name: "a row of an unknown kind",
        code: "malformed",
        raw: edit(raw, [2], Uint8Array.of(10, ...columns.slice(1))),
      },
      {
        name: "an author without a name",
        code: "malformed",
        raw: edit(
          raw,
          [2],
          columns.map((each, at) => (at === 1 ? 2 : each)),
        ),
      },
      { name: "columns that are cut short", code: "malformed", raw: edit(raw, [2], columns.slice(0, -1)) },
      { name: "half a time", code: "malformed", raw: edit(raw, [3], times.slice(0, -4)) },
      { name: "lengths that are cut short", code: "malformed", raw: edit(raw, [4], lengths.slice(0, -1)) },
      { name: "a word too many", code: "malformed", raw: edit(raw, [5], concatBytes(words, utf8("\nzebra"))) },
      {
        name: "words in no order",
        code: "malformed",
        raw: edit(raw, [5], utf8(new TextDecoder().decode(words).split("\n").toReversed().join("\n"))),
      },
      { name: "a word too few", code: "malformed", raw: edit(raw, [6], concatBytes(postings, new Uint8Array(3))) },
      {
        name: "a word in a row that is not there",
        code: "malformed",
        raw: edit(raw, [6], Uint8Array.of(1, 2, 1, 0, 0)),
      },
      { name: "a number without an end", code: "malformed", raw: edit(raw, [6], new Uint8Array(9).fill(0xff)) },
    ],
  }
}
