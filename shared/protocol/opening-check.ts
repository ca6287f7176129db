import { equalBytes } from "./bytes.js"
import { isActiveAt, type VerifiedChain, verifyChain } from "./chain.js"
import type { VerifySignature } from "./envelope.js"
import { ArchiveError } from "./errors.js"
import { assetHeaderHash } from "./asset-header.js"
import type { OpenedAssetContent, OpeningHead, SegmentRange } from "./opening.js"
import { openReceipt, openServerKey, type Receipt, type ServerKey, verifyReceipt } from "./receipt.js"
import { type ManifestAsset, readAssetField } from "./recording.js"
import { segmentCount } from "./sizes.js"
import { type Field, type Statement, verifyShownField } from "./statement.js"

/** What an opening proves before any of its segments is looked at. SPEC.md §18. */
export interface CheckedOpening {
  readonly statement: Statement
  readonly statementHash: Uint8Array
  /** Fields of the statement, as they were signed. */
  readonly fields: readonly Field[]
  /** The author's, up to the head at which it signed. */
  readonly chain: VerifiedChain
  /** `null` in an opening of an event's fields. */
  readonly asset: CheckedAsset | null
}

export interface CheckedAsset {
  readonly manifest: ManifestAsset
  readonly headerHash: Uint8Array
  readonly content: OpenedAssetContent
  readonly receipt: (Receipt & Pick<ServerKey, "instanceKey">) | null
}

/**
 * Checks statement, fields, device, chain, receipt, and which segments are said to be opened.
 * @throws {@link ArchiveError} `bad-signature`, `bad-chain`, `not-authorised`, `bad-receipt`, `malformed`, `too-large`, `unsupported-version`. OP2 to OP6.
 */
export function checkOpening(head: OpeningHead, verify: VerifySignature): CheckedOpening {
  const { statement, statementHash, fields } = checkFields(head.shown, verify)
  const chain = checkAuthor(head.links, statement, verify)
  const asset = head.asset === null ? null : checkAsset(head.asset, statement, fields, verify)
  return { statement, statementHash, fields, chain, asset }
}

function checkFields(
  shown: readonly Uint8Array[],
  verify: VerifySignature,
): Pick<CheckedOpening, "statement" | "statementHash" | "fields"> {
  const verified = shown.map((raw) => verifyShownField(raw, verify))
  const [first] = verified
  if (first === undefined) throw new ArchiveError("malformed", "an opening that shows nothing")
  const names = verified.map(({ field }) => field.name)
  const areOfOne = verified.every(({ statementHash }) => equalBytes(statementHash, first.statementHash))
  if (!areOfOne) throw new ArchiveError("malformed", "fields of different statements in one opening", { place: "head" })
  if (new Set(names).size !== names.length) throw new ArchiveError("malformed", "a field that is shown twice")
  return {
    statement: first.statement,
    statementHash: first.statementHash,
    fields: verified.map(({ field }) => field),
  }
}

/** That the device was the author's when it signed, as the author's chain says up to the head that was signed. OP3. */
function checkAuthor(links: readonly Uint8Array[], statement: Statement, verify: VerifySignature): VerifiedChain {
  const chain = verifyChain(links, verify)
  if (!equalBytes(chain.genesisHash, statement.authorGenesisHash))
    throw new ArchiveError("bad-chain", "the chain of another account than the one that signed", { place: "links" })
  if (!equalBytes(chain.headHash, statement.authorChainHead))
    throw new ArchiveError("bad-chain", "a chain that does not end where its account stood when it signed", {
      place: "links",
    })
  if (!isActiveAt(chain, statement.deviceKey, chain.linkHashes.length - 1))
    throw new ArchiveError("not-authorised", "a statement by a device that was not its author's then", {
      place: "links",
    })
  return chain
}

function checkAsset(
  content: OpenedAssetContent,
  statement: Statement,
  fields: readonly Field[],
  verify: VerifySignature,
): CheckedAsset {
  const [field] = fields
  if (statement.type !== "recording" || field === undefined || fields.length !== 1)
    throw new ArchiveError("malformed", "an opening of a recording that shows something else than one of its files")
  const manifest = readAssetField(field)
  if (manifest.header.kind !== "file")
    throw new ArchiveError("malformed", "an opening of what is no file", { place: "head" })
  assertWithin(content, segmentCount(manifest.storedBytes))
  const headerHash = assetHeaderHash(manifest.rawHeader)
  return { manifest, headerHash, content, receipt: checkReceipt(content.receipt, manifest, headerHash, verify) }
}

function assertWithin({ ranges, part }: OpenedAssetContent, segments: number): void {
  const last = ranges.at(-1)
  if (last === undefined || last.first + last.count > segments)
    throw new ArchiveError("malformed", "an opening of segments that its file does not have", { place: "head" })
  const isWhole = (range: SegmentRange | undefined): boolean => range?.first === 0 && range.count === segments
  if (part === null && !isWhole(ranges[0]))
    throw new ArchiveError("malformed", "an opening of a part that does not say which", { place: "head" })
}

function checkReceipt(
  receipt: OpenedAssetContent["receipt"],
  { storedBytes, root }: ManifestAsset,
  headerHash: Uint8Array,
  verify: VerifySignature,
): CheckedAsset["receipt"] {
  if (receipt === null) return null
  const { rawReceipt, rawServerKey } = receipt
  try {
    const { instanceKey } = openServerKey(rawServerKey, verify)
    const expected = { headerHash, storedBytes, root, instanceKey }
    return { ...verifyReceipt(rawReceipt, expected, [rawServerKey], verify), instanceKey }
  } catch (cause) {
    throw new ArchiveError("bad-receipt", "a receipt that is not for what is opened", { place: "receipt", cause })
  }
}

/** The certificate of the key by which a receipt was signed; `null` where none of these is. */
export function serverKeyOfReceipt(
  rawReceipt: Uint8Array,
  serverKeys: readonly Uint8Array[],
  verify: VerifySignature,
): Uint8Array | null {
  const { receiptKey } = openReceipt(rawReceipt, verify)
  return serverKeys.find((raw) => equalBytes(openServerKey(raw, verify).key, receiptKey)) ?? null
}
