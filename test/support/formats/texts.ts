import { recoveryDeviceOfPhrase } from "../../../client/crypto/account-keys.js"
import { parseUploadMetadata } from "../../../api/uploads/metadata.js"
import { fromBase64Url, fromHex, toBase64Url, toHex, utf8 } from "../../../shared/protocol/bytes.js"
import type { ErrorCode } from "../../../shared/protocol/errors.js"
import { asId, formatId, parseId } from "../../../shared/protocol/ids.js"
import { sampleAccount } from "./accounts.js"
import { sampleHeader } from "./assets.js"
import { bytesOf, type Format, type Refusal, unchanged } from "./format.js"

interface TextFormat {
  readonly name: string
  readonly section: string
  readonly codes: readonly ErrorCode[]
  readonly text: string
  readonly vouched?: boolean
  readonly limitBytes?: number
  /** Where it takes text; else the format is given a `decode` of its own. */
  readonly decode?: (text: string) => unknown
  readonly refusals: readonly (readonly [name: string, code: ErrorCode, text: string])[]
}

const LIMIT_BYTES = 1_024
const decoder = new TextDecoder()

export function textFormat(format: TextFormat): Format {
  const refusals = format.refusals.map(([name, code, text]): Refusal => ({ name, code, raw: utf8(text) }))
  const decode = (raw: Uint8Array): unknown => format.decode?.(decoder.decode(raw))
  return {
    name: format.name,
    section: format.section,
    codes: format.codes,
    limitBytes: format.limitBytes ?? LIMIT_BYTES,
    vouched: format.vouched ?? false,
    material: utf8(format.text),
    assemble: unchanged,
    decode,
    refusals,
  }
}

function id(): Format {
  const bytes = bytesOf("meeting id", 16)
  const text = formatId("meeting", asId("meeting", bytes))
  return textFormat({
    name: "id",
    section: "1",
    codes: ["malformed"],
    text,
    decode: (given) => parseId("meeting", given),
    refusals: [
      ["nothing", "malformed", ""],
      ["the id of an account", "malformed", formatId("account", asId("account", bytes))],
      ["the same digits under another prefix", "malformed", text.replace("mtg_", "acct_")],
      ["a digit less", "malformed", text.slice(0, -1)],
      ["a digit more", "malformed", `${text}a`],
      ["one digit changed", "malformed", text.endsWith("a") ? `${text.slice(0, -1)}b` : `${text.slice(0, -1)}a`],
      ["a digit outside the alphabet", "malformed", `${text.slice(0, -1)}1`],
      ["a letter that lower-cases into the alphabet", "malformed", `${text.slice(0, -1)}\u212A`],
      ["white space", "malformed", ` ${text}`],
    ],
  })
}

function base64Url(): Format {
  return textFormat({
    name: "base64url",
    section: "1",
    codes: ["malformed"],
    text: toBase64Url(bytesOf("base64url", 32)),
    decode: fromBase64Url,
    refusals: [
      ["padding", "malformed", "AQ=="],
      ["one character alone", "malformed", "AAAAA"],
      ["bits beyond the last byte", "malformed", "AB"],
      ["the other alphabet", "malformed", "+/AA"],
      ["white space", "malformed", "AA AA"],
      ["a character outside ASCII", "malformed", "AAAé"],
    ],
  })
}

function hex(): Format {
  return textFormat({
    name: "hex",
    section: "1",
    codes: ["malformed"],
    text: toHex(bytesOf("hex", 32)),
    decode: fromHex,
    refusals: [
      ["half a byte", "malformed", "abc"],
      ["upper case", "malformed", "AB"],
      ["another letter", "malformed", "0g"],
      ["a line's end", "malformed", "ab\n"],
    ],
  })
}

function uploadMetadata(): Format {
  const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64")
  const [header, secretHash] = [base64(sampleHeader), base64(bytesOf("secret hash"))]
  return textFormat({
    name: "upload-metadata",
    section: "11",
    codes: ["malformed", "unsupported-version"],
    text: `header ${header},secretHash ${secretHash}`,
    decode: parseUploadMetadata,
    refusals: [
      ["nothing", "malformed", ""],
      ["no header", "malformed", `secretHash ${secretHash}`],
      ["one key more", "malformed", `header ${header},secretHash ${secretHash},filename YQ==`],
      ["a key twice", "malformed", `header ${header},header ${header}`],
      ["a hash of 31 bytes", "malformed", `header ${header},secretHash ${base64(bytesOf("secret hash", 31))}`],
      [
        "a header of version 2",
        "unsupported-version",
        `header ${base64(sampleHeader.with(8, 2))},secretHash ${secretHash}`,
      ],
      ["base64 that is not canonical", "malformed", `header ${header},secretHash ${secretHash.replace(/.=$/, "/=")}`],
    ],
  })
}

function recoveryPhrase(): Format {
  const { recoveryPhrase: phrase } = sampleAccount("alice")
  const words = phrase.split(" ")
  return textFormat({
    name: "recovery-phrase",
    section: "5.2",
    codes: ["usage"],
    text: phrase,
    decode: recoveryDeviceOfPhrase,
    refusals: [
      ["nothing", "usage", ""],
      ["a word less", "usage", words.slice(1).join(" ")],
      ["twelve words", "usage", "legal winner thank year wave sausage worth useful legal winner thank yellow"],
      ["two words changed about", "usage", [words[1], words[0], ...words.slice(2)].join(" ")],
      ["a word that is none", "usage", ["taciturn", ...words.slice(1)].join(" ")],
    ],
  })
}

export function textFormats(): readonly Format[] {
  return [id(), base64Url(), hex(), uploadMetadata(), recoveryPhrase()]
}
