import { dateOfDay, isoTimeOf } from "../../shared/protocol/ambient.js"
import { toHex } from "../../shared/protocol/bytes.js"
import type { CborValue } from "../../shared/protocol/cbor.js"
import type { VerifiedChain } from "../../shared/protocol/chain.js"
import { sha256 } from "../../shared/protocol/hash.js"
import { formatId, idOfHash } from "../../shared/protocol/ids.js"
import { messageHash } from "../../shared/protocol/message.js"
import { segmentsInRanges } from "../../shared/protocol/opening.js"
import type { CheckedAsset, CheckedOpening } from "../../shared/protocol/opening-check.js"
import type { CheckedMessage, CheckedMessages } from "../../shared/protocol/opening-messages.js"
import { segmentCount } from "../../shared/protocol/sizes.js"
import type { Field } from "../../shared/protocol/statement.js"
import type { VerifiedOpening, Written } from "./verify-opening.js"

/** What an opening proves and what not, for people and for programs. */

/** Where a production has what is opened. */
export type FoundInProduction =
  | { readonly in: "log"; readonly seq: number; readonly events: number; readonly eventHash: Uint8Array }
  | {
      readonly in: "chat"
      /** Places in the production's chat, of each message in order. */
      readonly seqs: readonly number[]
    }

export interface OpeningReport {
  readonly document: Readonly<Record<string, unknown>>
  /** What is in it, by name. Values that others wrote are quoted, so that they look like nothing else. */
  readonly facts: readonly Fact[]
  readonly proven: readonly string[]
  readonly notProven: readonly string[]
  readonly lines: readonly string[]
}

/** A value of several lines has line feeds. */
export type Fact = readonly [name: string, value: string]

const NOT_PROVEN_OF_FILM = "that the camera and the microphone told the truth, or who is seen and heard"
const NOT_PROVEN = [
  "when it was made, other than by the clock of the device that signed",
  "that the author was a member of the meeting then, and that its members' programs took what was signed for valid",
  "whether the device was revoked, or what is opened deleted, afterwards",
  "anything about what was not opened",
] as const
const NOT_PROVEN_OF_CHAT =
  "whether a message was edited later, unless the edit is opened too; or what stood between these messages"

export function reportOpening({ opening, written }: VerifiedOpening, found: FoundInProduction | null): OpeningReport {
  const { document, facts, proven, notProven } =
    "messages" in opening ? reportMessages(opening, found) : reportStatement(opening, written, found)
  return { document, facts, proven, notProven, lines: linesOf(facts, proven, notProven) }
}

type Report = Omit<OpeningReport, "lines">

function reportStatement(opening: CheckedOpening, written: Written | null, found: FoundInProduction | null): Report {
  const { statement, statementHash, chain, asset, fields } = opening
  const log = found?.in === "log" ? found : null
  // A meeting's first event is signed before there is a hash that names the meeting.
  const meeting = statement.seq === 0 ? null : formatId("meeting", idOfHash("meeting", statement.meetingHash))
  const notProven = [...(asset === null ? [] : [NOT_PROVEN_OF_FILM]), ...NOT_PROVEN]
  return {
    document: {
      signed: {
        ...signerDocument(chain, statement.deviceKey),
        time: isoTimeOf(statement.timeMs),
        type: statement.type,
        meeting,
        meetingHash: meeting === null ? null : toHex(statement.meetingHash),
        seq: statement.seq,
        prev: toHex(statement.prev),
        statementHash: toHex(statementHash),
      },
      asset: asset === null ? null : assetDocument(asset, written),
      fields: asset === null ? fieldsDocument(fields) : null,
      messages: null,
      log:
        log === null
          ? null
          : { seq: log.seq, events: log.events, eventHash: toHex(log.eventHash), isTheMeetingsOwn: true },
      notProven,
    },
    facts: [
      ...signerFacts(chain, statement.deviceKey),
      ["Signed at", `${isoTimeOf(statement.timeMs)}, by that device's clock`],
      [
        "As",
        meeting === null
          ? `the first event of a meeting, of type ${statement.type}`
          : `event ${statement.seq} of ${meeting}, of type ${statement.type}\nmeeting ${toHex(statement.meetingHash)}`,
      ],
      ["Statement", toHex(statementHash)],
      ...(asset === null ? fields.map(fieldFact) : assetFacts(asset, written)),
      ...(log === null
        ? []
        : [
            [
              "Production",
              `has it as event ${log.seq} of the meeting's log of ${log.events}\nevent ${toHex(log.eventHash)}`,
            ] as const,
          ]),
    ],
    proven: [
      asset === null
        ? "that this device, when it was this account's, signed these fields, and no others under their names"
        : "that this device, when it was this account's, archived exactly these bytes: each opened segment leads to the signed root and is bound to its one key, so that no other bytes can be shown as what was archived there",
      ...(asset?.receipt == null ? [] : ["that this server stored exactly this file, sealed, on that day"]),
      ...(log === null
        ? []
        : ["that it is that event of the meeting's log, which follows without a gap from the meeting's own beginning"]),
    ],
    notProven,
  }
}

function reportMessages({ meetingHash, messages }: CheckedMessages, found: FoundInProduction | null): Report {
  const meeting = formatId("meeting", idOfHash("meeting", meetingHash))
  const seqs = found?.in === "chat" ? found.seqs : null
  const areSealed = messages.some(({ rawMessage }) => rawMessage !== null)
  const notProven = [...NOT_PROVEN, NOT_PROVEN_OF_CHAT]
  return {
    document: {
      signed: null,
      asset: null,
      fields: null,
      meeting,
      meetingHash: toHex(meetingHash),
      messages: messages.map((message, index) => messageDocument(message, seqs?.[index] ?? null)),
      log: null,
      notProven,
    },
    facts: [
      ["Chat of", `${meeting}\nmeeting ${toHex(meetingHash)}`],
      ...messages.flatMap((message, index) => messageFacts(message, index, seqs?.[index] ?? null)),
    ],
    proven: [
      "that each message was signed by that device, when it was that account's, with these fields and no others under their names",
      ...(areSealed
        ? ["of those that are opened as sealed: that these bytes, whose hash is said, open to this and to nothing else"]
        : []),
      ...(messages.some(({ follows }) => follows !== null)
        ? ["where a message follows another one here: that its device wrote nothing to the meeting between them"]
        : []),
      ...(seqs === null
        ? []
        : ["that the production's chat has them, those opened as sealed with exactly these bytes"]),
    ],
    notProven,
  }
}

function linesOf(facts: readonly Fact[], proven: readonly string[], notProven: readonly string[]): readonly string[] {
  const width = Math.max(...facts.map(([name]) => name.length)) + 2
  return [
    "Genuine. Every byte of this opening was verified.",
    ...facts.flatMap(([name, value]) =>
      value.split("\n").map((line, index) => `${(index === 0 ? name : "").padEnd(width)}${line}`),
    ),
    "Proven:",
    ...proven.map((what) => `  - ${what}`),
    "Not proven:",
    ...notProven.map((what) => `  - ${what}`),
  ]
}

function signerDocument(chain: VerifiedChain, deviceKey: Uint8Array): Readonly<Record<string, unknown>> {
  return {
    account: formatId("account", chain.accountId),
    genesisHash: toHex(chain.genesisHash),
    device: deviceId(deviceKey),
    deviceKey: toHex(deviceKey),
    chainHead: toHex(chain.headHash),
    chainLinks: chain.linkHashes.length,
  }
}

function signerFacts(chain: VerifiedChain, deviceKey: Uint8Array): readonly Fact[] {
  return [
    ["Signed by", `${formatId("account", chain.accountId)}\ngenesis ${toHex(chain.genesisHash)}`],
    ["On", `${deviceId(deviceKey)}, its device as of link ${chain.linkHashes.length - 1} of the account's chain`],
  ]
}

function deviceId(deviceKey: Uint8Array): string {
  return formatId("device", idOfHash("device", sha256(deviceKey)))
}

function assetDocument({ manifest, content, receipt }: CheckedAsset, written: Written | null): unknown {
  return {
    asset: formatId("asset", manifest.header.assetId),
    role: manifest.role,
    mediaType: manifest.mediaType,
    sizeBytes: manifest.trueBytes,
    storedBytes: manifest.storedBytes,
    root: toHex(manifest.root),
    segments: segmentCount(manifest.storedBytes),
    openedSegments: segmentsInRanges(content.ranges),
    part: content.part,
    written,
    receipt:
      receipt === null
        ? null
        : {
            instance: formatId("instance", receipt.instanceId),
            instanceKey: toHex(receipt.instanceKey),
            day: dateOfDay(receipt.day),
          },
  }
}

function assetFacts({ manifest, content, receipt }: CheckedAsset, written: Written | null): readonly Fact[] {
  const [opened, all] = [segmentsInRanges(content.ranges), segmentCount(manifest.storedBytes)]
  const { part } = content
  return [
    [
      "File",
      `${formatId("asset", manifest.header.assetId)}, ${JSON.stringify(manifest.mediaType)}, ${manifest.trueBytes} bytes`,
    ],
    [
      "Opened",
      `${part === null ? "all of it" : `${clock(part.fromMs)} to ${clock(part.toMs)}, as whoever made this file says`}: ${opened} of ${all} segments`,
    ],
    ...(written?.what === "part"
      ? [
          [
            "Taken out",
            `${clock(written.startMs)} to ${clock(written.endMs)} of the recording, from the key frame before on`,
          ] as const,
        ]
      : []),
    [
      "Receipt",
      receipt === null
        ? "none"
        : `${formatId("instance", receipt.instanceId)} confirmed on ${dateOfDay(receipt.day)} that it stored exactly this file, sealed`,
    ],
  ]
}

function messageDocument(message: CheckedMessage, seq: number | null): Readonly<Record<string, unknown>> {
  const { statement, fields, chain, rawMessage, follows } = message
  return {
    message: formatId("message", statement.messageId),
    signed: { ...signerDocument(chain, statement.deviceKey), time: isoTimeOf(statement.timeMs), type: statement.type },
    counter: statement.counter,
    fields: fieldsDocument(fields),
    sealedHash: rawMessage === null ? null : toHex(messageHash(rawMessage)),
    follows,
    seq,
  }
}

function messageFacts(message: CheckedMessage, index: number, seq: number | null): readonly Fact[] {
  const { statement, fields, chain, rawMessage, follows } = message
  const bytes =
    rawMessage === null
      ? "these fields of it are opened, not its sealed bytes"
      : `opened as it was sealed, ${toHex(messageHash(rawMessage))}`
  return [
    [
      `Message ${index}`,
      [
        `${formatId("message", statement.messageId)}, of type ${statement.type}`,
        `number ${statement.counter} of its device to this meeting${follows === null ? "" : `, directly behind message ${follows}`}`,
        bytes,
        ...(seq === null ? [] : [`at place ${seq} of the production's chat`]),
      ].join("\n"),
    ],
    ...signerFacts(chain, statement.deviceKey),
    ["Signed at", `${isoTimeOf(statement.timeMs)}, by that device's clock`],
    ...fields.filter(({ name }) => name !== "nonce").map(fieldFact),
  ]
}

function fieldsDocument(fields: readonly Field[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(fields.map(({ name, value }) => [name, plainValue(value)]))
}

/** Quoted, so that what somebody wrote looks like nothing else. */
function fieldFact({ name, value }: Field): Fact {
  return [`Says ${name}`, JSON.stringify(plainValue(value))]
}

/** `0:51.2`. */
export function clock(ms: number): string {
  const seconds = ms / 1_000
  const [hours, minutes, rest] = [Math.floor(seconds / 3_600), Math.floor((seconds % 3_600) / 60), seconds % 60]
  const [whole, part] = rest.toFixed(1).split(".")
  const tail = `${(whole ?? "").padStart(2, "0")}.${part ?? "0"}`
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, "0")}:${tail}` : `${minutes}:${tail}`
}

/** Bytes as lower-case hex. */
function plainValue(value: CborValue): unknown {
  if (value instanceof Uint8Array) return toHex(value)
  return Array.isArray(value) ? (value as readonly CborValue[]).map(plainValue) : value
}
