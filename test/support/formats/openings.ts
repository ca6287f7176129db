import { createSegmentSealer, segmentSecret } from "../../../client/crypto/segments.js"
import { sodiumPrimitives } from "../../../client/crypto/primitives.js"
import { signerOfSeed } from "../../../client/crypto/sodium.js"
import { assetHeaderHash } from "../../../shared/protocol/asset-header.js"
import { concatBytes, lengthPrefixed, utf8 } from "../../../shared/protocol/bytes.js"
import { type CborValue } from "../../../shared/protocol/cbor.js"
import { encodeChunkHashes } from "../../../shared/protocol/chunk-hashes.js"
import { makeEnvelope, type Signer } from "../../../shared/protocol/envelope.js"
import { sha256 } from "../../../shared/protocol/hash.js"
import { LABELS } from "../../../shared/protocol/labels.js"
import { LIMITS } from "../../../shared/protocol/limits.js"
import { leafHash, merkleRoot } from "../../../shared/protocol/merkle.js"
import { checkHead } from "../../../client/verifier/read-opening.js"
import {
  decodeOpeningBlock,
  decodeOpeningHead,
  encodeOpeningBlock,
  encodeOpeningHead,
  OPENING_PREFIX_BYTES,
  openingHeadBytes,
  type OpeningHead,
} from "../../../shared/protocol/opening.js"
import { paddedPlaintextBytes, PADDING_MARK, storedBytesOfFile } from "../../../shared/protocol/padding.js"
import { instanceIdOf, makeReceipt, makeServerKey } from "../../../shared/protocol/receipt.js"
import { SEGMENT_PLAINTEXT_BYTES, segmentCount } from "../../../shared/protocol/sizes.js"
import { encodeStatement, type Field, fieldsRoot, showField } from "../../../shared/protocol/statement.js"
import { chanceOf } from "../chance.js"
import { SAMPLE_TIME_MS, sampleAccount } from "./accounts.js"
import { sampleHeader } from "./assets.js"
import {
  bytesOf,
  commonRefusals,
  edit,
  type Format,
  itemsOf,
  seededBytes,
  signerOf,
  unchanged,
  valueAt,
} from "./format.js"

/** A file of a recording, sealed, and its author's signature over it: what an opening is made from. */
export interface SampleFile {
  readonly contentKey: Uint8Array
  readonly trueBytes: number
  readonly storedBytes: number
  readonly segments: readonly Uint8Array[]
  readonly leaves: Uint8Array
  readonly root: Uint8Array
  readonly headerHash: Uint8Array
}

/** Of so few segments that all of them stand in one chunk. */
export function sampleFile(trueBytes: number, rawHeader = sampleHeader, seed = "opened file"): SampleFile {
  const [contentKey, headerHash] = [bytesOf(`${seed} key`), assetHeaderHash(rawHeader)]
  const padded = new Uint8Array(paddedPlaintextBytes(trueBytes))
  padded.set(chanceOf(1, seed).bytes(trueBytes))
  padded[trueBytes] = PADDING_MARK
  const storedBytes = storedBytesOfFile(trueBytes)
  const count = segmentCount(storedBytes)
  const sealer = createSegmentSealer({ contentKey, rawHeader }, sodiumPrimitives)
  const segments = Array.from({ length: count }, (_, index) => {
    const plaintext = padded.subarray(index * SEGMENT_PLAINTEXT_BYTES, (index + 1) * SEGMENT_PLAINTEXT_BYTES)
    const segment = new Uint8Array(plaintext.length + 48)
    sealer.seal(index, index === count - 1, plaintext, segment)
    return segment
  })
  const leaves = segments.map((segment) => leafHash(segment))
  return {
    contentKey,
    trueBytes,
    storedBytes,
    segments,
    leaves: concatBytes(...leaves),
    root: merkleRoot(leaves),
    headerHash,
  }
}

/** A statement's fields, signed by the device of an account's genesis. */
export interface SampleStatement {
  readonly envelope: Uint8Array
  readonly fields: readonly Field[]
  readonly links: readonly Uint8Array[]
}

/** Who signs, at which head, and what shows that. */
export interface SampleAuthor {
  readonly signer: Signer
  readonly links: readonly Uint8Array[]
}

/** The first device of an account of this name, at its genesis. */
export function authorNamed(name: string): SampleAuthor {
  const { genesisLink, secrets } = sampleAccount(name)
  return { signer: signerOfSeed(secrets.device.ed25519Seed), links: [genesisLink] }
}

export function sampleStatement(
  type: string,
  values: readonly (readonly [name: string, value: CborValue])[],
  { signer, links }: SampleAuthor = authorNamed("alice"),
): SampleStatement {
  const random = seededBytes(`statement of ${type}`)
  const fields = values.map(([name, value]) => ({ name, salt: random(32), value }))
  const statement = encodeStatement({
    meetingHash: bytesOf("meeting hash"),
    epoch: 3,
    epochCommitment: bytesOf("epoch commitment"),
    seq: 7,
    prev: bytesOf("event before"),
    authorGenesisHash: sha256(links[0] ?? new Uint8Array(0)),
    authorChainHead: sha256(links.at(-1) ?? new Uint8Array(0)),
    deviceKey: signer.publicKey,
    type,
    timeMs: SAMPLE_TIME_MS,
    fieldsRoot: fieldsRoot(fields),
    newestLogHash: bytesOf("event before"),
  })
  return { envelope: makeEnvelope(LABELS.signStatement, signer, statement), fields, links }
}

export function recordingStatement(
  file: SampleFile,
  author?: SampleAuthor,
  rawHeader: Uint8Array = sampleHeader,
  type = "recording",
): SampleStatement {
  const asset = ["media", rawHeader, file.storedBytes, file.trueBytes, file.root, "video/mp4"]
  return sampleStatement(
    type,
    [
      ["asset:00", asset],
      ["captureEpoch", 2],
      ["details", bytesOf("sealed details", 336)],
      ["nonce", bytesOf("nonce")],
      ["recording", bytesOf("recording id", 16)],
    ],
    author,
  )
}

/** A receipt for a file, and the certificate of its key. */
export function sampleReceiptOf({ storedBytes, root, headerHash }: SampleFile): {
  readonly rawReceipt: Uint8Array
  readonly rawServerKey: Uint8Array
} {
  const [instance, key] = [signerOfSeed(bytesOf("instance")), signerOfSeed(bytesOf("receipt key"))]
  const receipt = { instanceId: instanceIdOf(instance.publicKey), headerHash, storedBytes, root, day: 20_717 }
  return {
    rawReceipt: makeReceipt(receipt, key),
    rawServerKey: makeServerKey({ purpose: "receipt", key: key.publicKey, day: 20_700 }, instance),
  }
}

export function headOf(
  file: SampleFile,
  { envelope, fields, links }: SampleStatement,
  ranges: readonly { readonly first: number; readonly count: number }[],
  part: { readonly fromMs: number; readonly toMs: number } | null,
): OpeningHead {
  const receipt = sampleReceiptOf(file)
  return {
    shown: [showField({ envelope, fields }, "asset:00")],
    links,
    asset: { receipt, isCarried: true, ranges, part },
  }
}

/** A whole opening of segments of a sample file. */
export function openingOf(file: SampleFile, head: OpeningHead): Uint8Array {
  const opened = (head.asset?.ranges ?? []).flatMap(({ first, count }) =>
    Array.from({ length: count }, (_, index) => first + index),
  )
  const rawChunkHashes = encodeChunkHashes(file.leaves, [file.root], 0)
  const secrets = opened.map((index) => segmentSecret(file.contentKey, file.headerHash, index))
  const segments = opened.map((index) => file.segments[index] ?? new Uint8Array(0))
  return concatBytes(encodeOpeningHead(head), encodeOpeningBlock({ rawChunkHashes, secrets }), ...segments)
}

/** The head's CBOR of an opening. */
export function rawHeadOf(opening: Uint8Array): Uint8Array {
  const bytes = openingHeadBytes(opening.subarray(0, OPENING_PREFIX_BYTES))
  return opening.slice(OPENING_PREFIX_BYTES, OPENING_PREFIX_BYTES + bytes - 32)
}

/** Any head with the check that fits it, as {@link decodeOpeningHead} takes both. */
export function withCheck(rawHead: Uint8Array): Uint8Array {
  return concatBytes(rawHead, sha256(lengthPrefixed(rawHead)))
}

/** An opening's beginning with any head. */
export function openingWithHead(rawHead: Uint8Array): Uint8Array {
  const head = lengthPrefixed(rawHead)
  return concatBytes(utf8("taciturn/opening"), head, sha256(head))
}

const FILE_BYTES = 4 * SEGMENT_PLAINTEXT_BYTES - 1_000

function openingHead(): Format {
  const file = sampleFile(FILE_BYTES)
  const ranges = [
    { first: 0, count: 1 },
    { first: 2, count: 2 },
  ]
  const head = headOf(file, recordingStatement(file), ranges, { fromMs: 1_000, toMs: 2_500 })
  const material = rawHeadOf(encodeOpeningHead(head))
  const raw = withCheck(material)
  const [rawReceipt, rawServerKey] = itemsOf(valueAt(material, [4, 0]))
  const other = sampleReceiptOf(sampleFile(1_000))
  const shown = valueAt(material, [2, 0]) as Uint8Array
  const byAnother = headOf(
    file,
    recordingStatement(file, { ...authorNamed("alice"), signer: signerOf("a device") }),
    ranges,
    null,
  )
  const asEvent = edit(edit(material, [1], "event"), [4], null)
  return {
    name: "opening-head",
    section: "18",
    codes: [
      "malformed",
      "too-large",
      "unsupported-version",
      "integrity",
      "bad-signature",
      "bad-chain",
      "not-authorised",
      "bad-receipt",
    ],
    limitBytes: LIMITS.openingHeadBytes,
    vouched: true,
    material,
    assemble: withCheck,
    decode: (given) => checkHead(decodeOpeningHead(given)),
    refusals: [
      { name: "nothing", code: "integrity", raw: new Uint8Array(0) },
      { name: "cut short by one byte", code: "integrity", raw: raw.slice(0, -1) },
      { name: "one bit turned", code: "integrity", raw: raw.with(40, (raw[40] ?? 0) ^ 1) },
      ...commonRefusals(raw, material, LIMITS.openingHeadBytes, withCheck).slice(3),
      { name: "an unknown kind", code: "unsupported-version", raw: withCheck(edit(material, [1], "secrets")) },
      { name: "of kind event, with segments", code: "malformed", raw: withCheck(edit(material, [1], "event")) },
      { name: "no field", code: "malformed", raw: withCheck(edit(material, [2], [])) },
      {
        name: "a field twice",
        code: "malformed",
        raw: withCheck(edit(asEvent, [2], [...itemsOf(valueAt(material, [2])), ...itemsOf(valueAt(material, [2]))])),
      },
      {
        name: "a field with another salt",
        code: "bad-signature",
        raw: withCheck(edit(material, [2, 0], edit(shown, [4], bytesOf("another salt")))),
      },
      {
        name: "signed by another device than the author's",
        code: "not-authorised",
        raw: withCheck(edit(material, [2], byAnother.shown)),
      },
      { name: "no link", code: "malformed", raw: withCheck(edit(material, [3], [])) },
      {
        name: "another account's chain",
        code: "bad-chain",
        raw: withCheck(edit(material, [3], [sampleAccount("bob").genesisLink])),
      },
      { name: "ranges that touch", code: "malformed", raw: withCheck(edit(material, [4, 2, 0, 1], 2)) },
      {
        name: "ranges out of order",
        code: "malformed",
        raw: withCheck(
          edit(
            material,
            [4, 2],
            [
              [2, 2],
              [0, 1],
            ],
          ),
        ),
      },
      { name: "more segments than there are", code: "malformed", raw: withCheck(edit(material, [4, 2, 1, 1], 99)) },
      { name: "no range", code: "malformed", raw: withCheck(edit(material, [4, 2], [])) },
      { name: "a part that is not said", code: "malformed", raw: withCheck(edit(material, [4, 3], null)) },
      {
        name: "a part that ends as it begins",
        code: "malformed",
        raw: withCheck(edit(material, [4, 3], [1_000, 1_000])),
      },
      {
        name: "another file's receipt",
        code: "bad-receipt",
        raw: withCheck(edit(material, [4, 0], [other.rawReceipt, rawServerKey ?? null])),
      },
      {
        name: "a receipt as its own certificate",
        code: "bad-receipt",
        raw: withCheck(edit(material, [4, 0], [rawReceipt ?? null, rawReceipt ?? null])),
      },
    ],
  }
}

function openingBlock(): Format {
  const file = sampleFile(FILE_BYTES)
  const secrets = [0, 2].map((index) => segmentSecret(file.contentKey, file.headerHash, index))
  const raw = encodeOpeningBlock({ rawChunkHashes: encodeChunkHashes(file.leaves, [file.root], 0), secrets }).slice(4)
  return {
    name: "opening-block",
    section: "18",
    codes: ["malformed", "too-large", "unsupported-version"],
    limitBytes: LIMITS.openingBlockBytes,
    vouched: false,
    material: raw,
    assemble: unchanged,
    decode: (given) => decodeOpeningBlock(given, 2),
    refusals: [
      ...commonRefusals(raw, raw, LIMITS.openingBlockBytes, unchanged),
      { name: "one secret too few", code: "malformed", raw: edit(raw, [2], secrets[0] ?? null) },
      { name: "a secret too many", code: "malformed", raw: edit(raw, [2], bytesOf("secrets", 96)) },
      { name: "no chunk hashes", code: "malformed", raw: edit(raw, [1], new Uint8Array(0)) },
    ],
  }
}

export function openingFormats(): readonly Format[] {
  return [openingHead(), openingBlock()]
}
