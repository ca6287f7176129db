import { parse } from "../../../api/mount.js"
import { parseAnswer } from "../../../client/sdk/http.js"
import { decodeState, encodeState } from "../../../client/sdk/state.js"
import { toBase64Url } from "../../../shared/protocol/bytes.js"
import { AppendEventRequest, EventsResponse } from "../../../shared/protocol/http.js"
import { sampleAccount } from "./accounts.js"
import { bytesOf, commonRefusals, type Format, unchanged } from "./format.js"
import { textFormat } from "./texts.js"

/** What decodes untrusted bytes and has no frozen vectors: JSON over HTTP, which docs/openapi.json describes, and the client's own state. */
export function unfrozenFormats(): readonly Format[] {
  return [clientState(), request(), answer()]
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
    pins: [{ genesisHash: hash, seq: 0, headHash: hash }],
    drafts: [],
    meetings: [
      {
        meetingHash: hash,
        known: [{ eventHash: hash, epoch: 0, secret: hash, adminSeed: null }],
        head: { seq: 0, hash },
      },
    ],
    keyring: { count: 0, hash },
    outbox: [],
    handled: [hash],
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
