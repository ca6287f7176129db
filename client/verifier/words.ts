import { dateOfDay } from "../../shared/protocol/ambient.js"
import { toHex } from "../../shared/protocol/bytes.js"
import type { CborValue } from "../../shared/protocol/cbor.js"
import { sha256 } from "../../shared/protocol/hash.js"
import { formatId, idOfHash } from "../../shared/protocol/ids.js"
import { segmentsInRanges } from "../../shared/protocol/opening.js"
import { segmentCount } from "../../shared/protocol/sizes.js"
import type { VerifiedOpening } from "./verify-opening.js"

/** What an opening proves and what not, for people and for programs. */

/** Where a production has the opened event. */
export interface FoundInLog {
  readonly seq: number
  readonly events: number
  readonly eventHash: Uint8Array
}

export interface OpeningReport {
  readonly document: Readonly<Record<string, unknown>>
  readonly lines: readonly string[]
}

export const NOT_PROVEN: readonly string[] = [
  "that the camera and the microphone told the truth, or who is seen and heard;",
  "when it was recorded: the time is by the clock of the device that signed",
  "that the author was a member of the meeting then, and that its members' programs took what was signed for valid;",
  "whether the device was revoked, or the recording deleted, afterwards;",
  "anything about what was not opened.",
]

export function reportOpening(verified: VerifiedOpening, log: FoundInLog | null): OpeningReport {
  const { opening } = verified
  const { statement, statementHash, chain, asset, fields } = opening
  const device = idOfHash("device", sha256(statement.deviceKey))
  const signed = {
    account: formatId("account", chain.accountId),
    genesisHash: toHex(chain.genesisHash),
    device: formatId("device", device),
    deviceKey: toHex(statement.deviceKey),
    chainHead: toHex(chain.headHash),
    chainLinks: chain.linkHashes.length,
    time: new Date(statement.timeMs).toISOString(),
    type: statement.type,
    // A meeting's first event is signed before there is a hash that names the meeting.
    meeting: statement.seq === 0 ? null : formatId("meeting", idOfHash("meeting", statement.meetingHash)),
    meetingHash: statement.seq === 0 ? null : toHex(statement.meetingHash),
    seq: statement.seq,
    prev: toHex(statement.prev),
    statementHash: toHex(statementHash),
  }
  const document = {
    signed,
    asset: asset === null ? null : assetDocument(verified),
    fields: asset === null ? Object.fromEntries(fields.map(({ name, value }) => [name, plainValue(value)])) : null,
    log:
      log === null
        ? null
        : { seq: log.seq, events: log.events, eventHash: toHex(log.eventHash), isTheMeetingsOwn: true },
    notProven: NOT_PROVEN,
  }
  return {
    document,
    lines: [...signedLines(signed), ...openedLines(verified), ...logLines(log), ...notProvenLines(asset !== null)],
  }
}

interface Signed {
  readonly account: string
  readonly genesisHash: string
  readonly device: string
  readonly chainLinks: number
  readonly time: string
  readonly type: string
  readonly meeting: string | null
  readonly meetingHash: string | null
  readonly seq: number
  readonly statementHash: string
}

function signedLines(signed: Signed): readonly string[] {
  return [
    "Genuine. Every byte of this opening was verified.",
    `Signed by     ${signed.account}`,
    `              genesis ${signed.genesisHash}`,
    `on            ${signed.device}, its device at link ${signed.chainLinks - 1} of the account's chain`,
    `at            ${signed.time}, by that device's clock`,
    ...(signed.meeting === null || signed.meetingHash === null
      ? [`as            the first event of a meeting, of type ${signed.type}`]
      : [
          `as            event ${signed.seq} of ${signed.meeting}, of type ${signed.type}`,
          `              meeting ${signed.meetingHash}`,
        ]),
    `              statement ${signed.statementHash}`,
  ]
}

function assetDocument({ opening, written }: VerifiedOpening): Readonly<Record<string, unknown>> | null {
  const { asset } = opening
  if (asset === null) return null
  const { manifest, content, receipt } = asset
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

function openedLines({ opening, written }: VerifiedOpening): readonly string[] {
  const { asset, fields } = opening
  if (asset === null)
    return [
      "Proven: that this device signed these fields, and no others under their names:",
      ...fields.map(({ name, value }) => `  ${name}: ${JSON.stringify(plainValue(value))}`),
    ]
  const { manifest, content, receipt } = asset
  const [opened, all] = [segmentsInRanges(content.ranges), segmentCount(manifest.storedBytes)]
  return [
    `File          ${formatId("asset", manifest.header.assetId)}, ${manifest.mediaType}, ${manifest.trueBytes} bytes`,
    `Opened        ${content.part === null ? "all of it" : `${clock(content.part.fromMs)} to ${clock(content.part.toMs)}, as whoever made this file says`}: ${opened} of ${all} segments`,
    ...(written?.what === "part"
      ? [
          `Written       ${clock(written.startMs)} to ${clock(written.endMs)} of the recording, from the key frame before on`,
        ]
      : []),
    ...(receipt === null
      ? ["Receipt       none"]
      : [
          `Receipt       the server ${formatId("instance", receipt.instanceId)} confirmed on ${dateOfDay(receipt.day)} that it stored exactly this file, sealed`,
        ]),
    "Proven: that this device archived exactly these bytes under this account's signature. Each opened segment leads to the",
    "signed root, and is bound to its one key: no other bytes can be shown as what was archived there.",
  ]
}

function logLines(log: FoundInLog | null): readonly string[] {
  return log === null
    ? []
    : [
        `Production    has it as event ${log.seq} of the meeting's log of ${log.events}, which follows without a gap from the meeting's own`,
        `              beginning; event ${toHex(log.eventHash)}. (Whether the production is whole its own verifier says.)`,
      ]
}

function notProvenLines(isFilm: boolean): readonly string[] {
  return ["Not proven:", ...NOT_PROVEN.slice(isFilm ? 0 : 1).map((what) => `  - ${what}`)]
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
