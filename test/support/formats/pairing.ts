import { deriveFromSeed, publicKeysOf } from "../../../client/crypto/account-keys.js"
import { sealRecord } from "../../../client/crypto/committed-seal.js"
import {
  formatPairingCode,
  hashOfKeys,
  openCountersignature,
  openOffer,
  openRequest,
  pairingIdOf,
  parsePairingCode,
} from "../../../client/crypto/pairing.js"
import { concatBytes, u64, utf8 } from "../../../shared/protocol/bytes.js"
import { type CborValue, encodeCbor } from "../../../shared/protocol/cbor.js"
import { LABELS } from "../../../shared/protocol/labels.js"
import { LIMITS } from "../../../shared/protocol/limits.js"
import { sampleAccount } from "./accounts.js"
import { bytesOf, commonRefusals, edit, flip, type Format, type Refusal, seededBytes } from "./format.js"
import { textFormat } from "./texts.js"

const secret = bytesOf("pairing secret", 16)

/** Sealed again as SPEC.md §5.5 says, not as the code does. */
function assembleAt(n: number, material: Uint8Array, under = secret): Uint8Array {
  const place = {
    key: deriveFromSeed(under, LABELS.pairingKey),
    label: LABELS.pairing,
    context: concatBytes(pairingIdOf(under), u64(n)),
    aad: utf8(""),
  }
  return sealRecord(place, material, seededBytes(`pairing message ${n}`))
}

function message(
  name: string,
  n: number,
  value: CborValue,
  decode: Format["decode"],
  refusals: (material: Uint8Array) => readonly Refusal[],
  more: Format["codes"] = [],
): Format {
  const material = encodeCbor(value)
  const assemble = (given: Uint8Array): Uint8Array => assembleAt(n, given)
  const raw = assemble(material)
  const [, , , ...common] = commonRefusals(raw, material, LIMITS.pairingMessageBytes, assemble)
  return {
    name,
    section: "5.5",
    codes: ["malformed", "too-large", "unsupported-version", "cannot-open", ...more],
    limitBytes: LIMITS.pairingMessageBytes,
    vouched: true,
    material,
    assemble,
    decode,
    refusals: [
      ...common,
      { name: "one bit turned", code: "cannot-open", raw: flip(raw, 70) },
      { name: "cut short by one byte", code: "cannot-open", raw: raw.slice(0, -1) },
      { name: "of another place", code: "cannot-open", raw: assembleAt(n + 2, material) },
      { name: "under another secret", code: "cannot-open", raw: assembleAt(n, material, bytesOf("another", 16)) },
      ...refusals(material),
    ],
  }
}

function request(): Format {
  const keys = publicKeysOf(sampleAccount("alice").secrets.device)
  const code = { secret, keysHash: hashOfKeys(keys) }
  return message(
    "pairing-request",
    0,
    [1, keys.ed25519, keys.xwing, "phone"],
    (raw) => openRequest(code, raw),
    (material) => [
      { name: "another key", code: "not-authorised", raw: assembleAt(0, edit(material, [1], bytesOf("another key"))) },
      { name: "a key of 31 bytes", code: "malformed", raw: assembleAt(0, edit(material, [1], bytesOf("key", 31))) },
    ],
    ["not-authorised"],
  )
}

function offer(): Format {
  const head = bytesOf("head")
  return message(
    "pairing-offer",
    1,
    [1, bytesOf("genesis"), 3, head, 7, bytesOf("keyring head"), bytesOf("instance key"), bytesOf("statement", 1_700)],
    (raw) => openOffer(secret, 1, raw),
    (material) => [
      { name: "a head of 31 bytes", code: "malformed", raw: assembleAt(1, edit(material, [3], bytesOf("head", 31))) },
      { name: "no link", code: "malformed", raw: assembleAt(1, edit(material, [7], new Uint8Array(0))) },
    ],
  )
}

function countersignature(): Format {
  return message(
    "pairing-countersignature",
    2,
    [1, bytesOf("signature", 64)],
    (raw) => openCountersignature(secret, 2, raw),
    (material) => [
      { name: "of 63 bytes", code: "malformed", raw: assembleAt(2, edit(material, [1], bytesOf("signature", 63))) },
    ],
  )
}

function pairingCode(): Format {
  const text = formatPairingCode({ secret, keysHash: bytesOf("hash of the keys") })
  return textFormat({
    name: "pairing-code",
    section: "5.5",
    codes: ["malformed"],
    text,
    decode: parsePairingCode,
    refusals: [
      ["nothing", "malformed", ""],
      ["another prefix", "malformed", text.replace("pair_", "acct_")],
      ["a digit less", "malformed", text.slice(0, -1)],
      ["a digit more", "malformed", `${text}a`],
      [
        "one digit changed",
        "malformed",
        text.replace(/^pair_./, (start) => (start === "pair_a" ? "pair_b" : "pair_a")),
      ],
      ["bits beyond the last byte", "malformed", `${text.slice(0, -1)}7`],
    ],
  })
}

export function pairingFormats(): readonly Format[] {
  return [request(), offer(), countersignature(), pairingCode()]
}
