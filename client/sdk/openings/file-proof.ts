import { assetHeaderHash } from "../../../shared/protocol/asset-header.js"
import { CHUNK_HASHES_MAX_BYTES, openChunkHashes } from "../../../shared/protocol/chunk-hashes.js"
import { ArchiveError } from "../../../shared/protocol/errors.js"
import { formatId } from "../../../shared/protocol/ids.js"
import { checkOpening } from "../../../shared/protocol/opening-check.js"
import { chunksOfRanges, encodeOpeningBlock, encodeOpeningHead } from "../../../shared/protocol/opening.js"
import { segmentCount } from "../../../shared/protocol/sizes.js"
import type { OpenedAsset } from "../../crypto/recording-event.js"
import { segmentSecret } from "../../crypto/segments.js"
import { verifySignature } from "../../crypto/sodium.js"
import type { Client } from "../client.js"
import { accessTo, type OpenRecording } from "../recordings.js"
import { withRetry } from "../retry.js"
import { linksOfAuthor, openEventOf, showFields } from "./statement-proof.js"

const PATIENCE_MS = 60_000

/**
 * Proofs of a recording's opened files, for whoever has these: an opening of each without the sealed segments, which a verifier makes again of the file.
 * SPEC.md §18, §20. What all of them need is fetched once.
 */
export async function fileProofs(
  client: Client,
  recording: OpenRecording,
  signal: AbortSignal,
): Promise<(asset: OpenedAsset) => AsyncGenerator<Uint8Array>> {
  const event = await openEventOf(client, recording.log, recording.recording.seq)
  const links = await linksOfAuthor(client, event.statement)
  const withToken = accessTo(client, recording)
  const hashesOf = async ({ header }: OpenedAsset, chunk: number): Promise<Uint8Array> =>
    await withRetry(
      async () =>
        await withToken(async (token, subject) => {
          const path = `/v1/meetings/${subject}/assets/${formatId("asset", header.assetId)}/chunks/${chunk}/hashes`
          return await (await client.http.send({ path, subject, token, signal })).bytes(CHUNK_HASHES_MAX_BYTES)
        }),
      { patienceMs: PATIENCE_MS, signal },
    )
  return async function* (asset) {
    const index = recording.assets.indexOf(asset)
    const { storedBytes, root, contentKey } = asset
    const headerHash = assetHeaderHash(asset.rawHeader)
    const ranges = [{ first: 0, count: segmentCount(storedBytes) }]
    const head = {
      shown: showFields(event, [`asset:${String(index).padStart(2, "0")}`]),
      links,
      asset: { receipt: null, isCarried: false, ranges, part: null },
    }
    if (checkOpening(head, verifySignature).asset === null) throw new ArchiveError("internal", "a proof of no file")
    yield encodeOpeningHead(head)
    for (const { chunk, segments } of chunksOfRanges(ranges)) {
      const rawChunkHashes = await hashesOf(asset, chunk)
      openChunkHashes(rawChunkHashes, { chunk, storedBytes, root })
      const secrets = segments.map((segment) => segmentSecret(contentKey, headerHash, segment))
      yield encodeOpeningBlock({ rawChunkHashes, secrets })
    }
  }
}
