import { assetHeaderHash } from "../../../shared/protocol/asset-header.js"
import { isArchiveError, ArchiveError } from "../../../shared/protocol/errors.js"
import { AssetResponse } from "../../../shared/protocol/http.js"
import { formatId } from "../../../shared/protocol/ids.js"
import {
  type OpenedAssetContent,
  type OpenedPart,
  rangesOfBytes,
  type SegmentRange,
  segmentsInRanges,
} from "../../../shared/protocol/opening.js"
import { serverKeyOfReceipt } from "../../../shared/protocol/opening-check.js"
import { verifyReceipt } from "../../../shared/protocol/receipt.js"
import { SEGMENT_PLAINTEXT_BYTES, segmentCount } from "../../../shared/protocol/sizes.js"
import { verifySignature } from "../../crypto/sodium.js"
import { type ExtractedPart, extractPart, type ExtractOptions } from "../../verifier/extract-part.js"
import type { Client } from "../client.js"
import { fetchInstance } from "../instance.js"
import { accessTo, type OpenRecording, readAsset } from "../recordings.js"
import { BlockCache } from "./block-cache.js"

/** What an opening of a recording would reveal: known before it is made. */
export interface OpeningPlan {
  readonly recording: OpenRecording
  /** `null`: all of it. */
  readonly part: OpenedPart | null
  readonly ranges: readonly SegmentRange[]
  readonly openedSegments: number
  readonly segments: number
  /** What somebody gets out of it; `null` where that is the file itself. */
  readonly extracted: ExtractedPart | null
  readonly receipt: OpenedAssetContent["receipt"]
}

/**
 * Which segments somebody needs who is to play some minutes: found by cutting these out here, and noting what was read.
 * @throws {@link ArchiveError} `usage` for minutes that it has not, `unsupported` for what can't be cut, and what a reader refuses.
 */
export async function planOpening(
  client: Client,
  recording: OpenRecording,
  part: OpenedPart | null,
  options: ExtractOptions = {},
): Promise<OpeningPlan> {
  if (part !== null && !(part.fromMs >= 0 && part.fromMs < part.toMs))
    throw new ArchiveError("usage", "a part begins before it ends")
  const { media } = recording
  if (media.header.kind !== "file") throw new ArchiveError("unsupported", "only what was archived whole can be opened")
  const segments = segmentCount(media.storedBytes)
  const receipt = await receiptOf(client, recording)
  const whole = [{ first: 0, count: segments }]
  if (part === null)
    return { recording, part, ranges: whole, openedSegments: segments, segments, extracted: null, receipt }
  const reader = readAsset(client, recording, media)
  const cache = new BlockCache(reader, options.signal)
  const noted: { readonly start: number; readonly end: number }[] = []
  const read = async (start: number, end: number): Promise<Uint8Array> => {
    noted.push({ start, end })
    return await cache.read(start, end)
  }
  const extracted = await extractPart({ sizeBytes: media.trueBytes, read }, part, () => Promise.resolve(), options)
  const ranges = rangesOfBytes(noted, SEGMENT_PLAINTEXT_BYTES)
  return { recording, part, ranges, openedSegments: segmentsInRanges(ranges), segments, extracted, receipt }
}

/** The server's word that it stored the media. One that gives none, or a wrong one, keeps nobody from opening. */
async function receiptOf(client: Client, recording: OpenRecording): Promise<OpenedAssetContent["receipt"]> {
  const { header, rawHeader, storedBytes, root } = recording.media
  const { instanceKey } = client.state.current
  try {
    const { receipt: rawReceipt } = await accessTo(
      client,
      recording,
    )(
      async (token, subject) =>
        await client.http.json(AssetResponse, {
          path: `/v1/meetings/${subject}/assets/${formatId("asset", header.assetId)}`,
          subject,
          token,
        }),
    )
    const { serverKeys } = await fetchInstance(client.http, instanceKey)
    const rawServerKey = serverKeyOfReceipt(rawReceipt, serverKeys, verifySignature)
    if (rawServerKey === null) return null
    const expected = { headerHash: assetHeaderHash(rawHeader), storedBytes, root, instanceKey }
    verifyReceipt(rawReceipt, expected, [rawServerKey], verifySignature)
    return { rawReceipt, rawServerKey }
  } catch (error) {
    const speaksOfReceipt = isArchiveError(error) && /^(bad-|malformed|too-large|unsupported-version)/.test(error.code)
    if (!speaksOfReceipt) throw error
    return null
  }
}
