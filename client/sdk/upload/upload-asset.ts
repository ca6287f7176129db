import { assetHeaderHash, decodeAssetHeader } from "../../../shared/protocol/asset-header.js"
import { equalBytes } from "../../../shared/protocol/bytes.js"
import { ArchiveError, isArchiveError } from "../../../shared/protocol/errors.js"
import { HASH_BYTES, sha256 } from "../../../shared/protocol/hash.js"
import { formatId, type MeetingId } from "../../../shared/protocol/ids.js"
import { MerkleAccumulator } from "../../../shared/protocol/merkle.js"
import { storedBytesOfFile } from "../../../shared/protocol/padding.js"
import { verifyReceipt } from "../../../shared/protocol/receipt.js"
import { SEGMENT_BYTES } from "../../../shared/protocol/sizes.js"
import { verifySignature } from "../../crypto/sodium.js"
import type { Client } from "../client.js"
import { fetchInstance } from "../instance.js"
import { currentCapability, mayBeBehind, readMeeting } from "../meetings.js"
import { assertNotAborted, type RetryOptions, sleep, withRetry } from "../retry.js"
import type { JournalAsset, JournalStore } from "./journal.js"
import { BufferPool, type PlaintextSource, sealPieces, type StreamPiece } from "./pieces.js"
import { keptPieces, reopenedSource } from "./once-source.js"
import { acknowledgedBytes, createUpload, finishUpload, sendPiece, type UploadHandle } from "./tus.js"

/** What the upload of one asset is given. */
export interface AssetRun {
  readonly client: Client
  readonly meetingId: MeetingId
  readonly store: JournalStore
  readonly pool: BufferPool
  readonly retry: RetryOptions
  readonly report: (progress: {
    readonly sealedBytes?: number
    readonly sentBytes?: number
    readonly storedBytes?: number
  }) => void
}

/** Where the bytes come from: a source (`comesOnce`: to be kept as it is sealed), or what was kept of one that ended. */
export type AssetInput =
  | {
      readonly kind: "source"
      readonly source: PlaintextSource
      readonly comesOnce: boolean
      readonly onEnded: (trueBytes: number) => Promise<void>
    }
  | { readonly kind: "kept"; readonly trueBytes: number }

export interface FinishedAsset {
  readonly storedBytes: number
  readonly trueBytes: number
  readonly root: Uint8Array
  readonly receipt: Uint8Array
}

/** The source gives other bytes than it gave before: the asset is given up, and begins anew under other keys. */
export class SourceChanged extends ArchiveError {
  /** A source that came once, from its beginning. */
  readonly source: PlaintextSource | null

  constructor(source: PlaintextSource | null) {
    super("changed", "the file is not what it was when its upload began")
    this.source = source
  }
}

/** What takes longer is on a slow line: there nothing is idle meanwhile, and what waits too long would be sent in vain. */
const QUICK_PIECE_MS = 15_000
const POLL_MS = 50
/** Epochs may begin just before an upload is created; so often is it tried again with the newest one's key. */
const ATTEMPTS = 5
const LONGEST_POLL_MS = 2_000

export function handleOf(run: AssetRun, asset: JournalAsset): UploadHandle {
  return {
    http: run.client.http,
    assetId: decodeAssetHeader(asset.rawHeader).assetId,
    uploadSecret: asset.uploadSecret,
    subject: formatId("meeting", run.meetingId),
  }
}

/**
 * Brings one asset to its receipt, going on where the server and the journal stand.
 * @throws {@link SourceChanged}; {@link ArchiveError} `conflict` at the place `upload` where the server has given the upload up; `bad-receipt`; `interrupted`; `unavailable`.
 */
export async function uploadAsset(run: AssetRun, asset: JournalAsset, input: AssetInput): Promise<FinishedAsset> {
  const handle = handleOf(run, asset)
  const offset = await beginUpload(run, handle, asset)
  const sent = await sendAll(run, handle, asset, input, offset)
  run.client.failpoint("upload.all-acknowledged")
  const receipt = await awaitReceipt(run, handle, asset, sent)
  run.client.failpoint("upload.receipt-verified")
  return { ...sent, receipt }
}

/** Begins an upload, or goes on with it. @returns the bytes that the server has acknowledged. */
export async function beginUpload(
  run: Pick<AssetRun, "client" | "meetingId" | "retry">,
  handle: UploadHandle,
  asset: Pick<JournalAsset, "rawHeader" | "uploadSecret" | "trueBytes">,
): Promise<number> {
  const { client, retry } = run
  return await withRetry(async () => {
    try {
      return await acknowledgedBytes(handle, retry.signal)
    } catch (error) {
      if (!isArchiveError(error) || error.code !== "not-found") throw error
    }
    const sizeBytes = asset.trueBytes === null ? null : storedBytesOfFile(asset.trueBytes)
    const upload = { rawHeader: asset.rawHeader, secretHash: sha256(asset.uploadSecret), sizeBytes }
    for (let attempt = 1; ; attempt++) {
      const log = await readMeeting(client, run.meetingId)
      try {
        await client.tokens.with(client.http, currentCapability(log), async (token) => {
          await createUpload(handle, token, upload)
        })
        break
      } catch (error) {
        if (isArchiveError(error) && error.code === "conflict")
          throw new ArchiveError("conflict", "the server gave this upload up", { place: "upload", cause: error })
        if (!mayBeBehind(error) || attempt === ATTEMPTS) throw error
      }
    }
    client.failpoint("upload.created")
    return 0
  }, retry)
}

async function sendAll(
  run: AssetRun,
  handle: UploadHandle,
  asset: JournalAsset,
  input: AssetInput,
  offset: number,
): Promise<Omit<FinishedAsset, "receipt">> {
  const { client, store, pool, retry } = run
  const known = await store.loadLeaves(handle.assetId)
  const pieces =
    input.kind === "kept"
      ? keptPieces(store, asset, input.trueBytes, pool)
      : sealPieces(asset, input.source, asset.trueBytes, client.segmentWork, pool)
  const tree = new MerkleAccumulator()
  const sending: Promise<void>[] = []
  /** Two where pieces are quick: of each the next is on its way before it is answered, so that the line is not idle meanwhile. */
  let underWay = 1
  const failures: ArchiveError[] = []
  const settle = async (leaving: number): Promise<void> => {
    try {
      while (sending.length > leaving) await sending.shift()
    } catch (error) {
      // What comes once would be gone: it is kept to its end, and a later call sends it.
      if (input.kind !== "source" || !input.comesOnce || !isArchiveError(error) || error.code === "interrupted")
        throw error
      failures.push(error)
      await Promise.allSettled(sending.splice(0))
    }
  }
  try {
    for (;;) {
      const next = await pieces.next()
      if (next.done === true) throw new ArchiveError("internal", "a stream without a last piece")
      const piece = next.value
      assertNotAborted(retry.signal)
      if (input.kind === "source") await keep(run, handle, asset, input, known, piece, pieces)
      for (let at = 0; at < piece.leaves.length; at += HASH_BYTES) tree.add(piece.leaves.subarray(at, at + HASH_BYTES))
      const end = piece.startBytes + piece.sealedBytes
      run.report({ sealedBytes: end })
      await settle(underWay - 1)
      if (end > offset && failures.length === 0) {
        const begunMs = performance.now()
        const sent = send(run, handle, asset, piece, offset, sending.at(-1) ?? Promise.resolve())
        sent.then(
          () => (underWay = performance.now() - begunMs < QUICK_PIECE_MS ? 2 : 1),
          // The failure is thrown when it is awaited; until then it must not count as unhandled.
          () => undefined,
        )
        sending.push(sent)
      } else pool.give(piece.buffer)
      if (!piece.isLast || piece.trueBytes === null) continue
      await settle(0)
      const [failure] = failures
      if (failure !== undefined) throw failure
      run.report({ sentBytes: end })
      return { storedBytes: end, trueBytes: piece.trueBytes, root: tree.root() }
    }
  } finally {
    await Promise.allSettled(sending)
  }
}

/** Compares a piece with the hashes that were kept; what is new of it is kept before it may be sent. */
async function keep(
  run: AssetRun,
  handle: UploadHandle,
  asset: JournalAsset,
  input: AssetInput & { readonly kind: "source" },
  known: Uint8Array,
  piece: StreamPiece,
  pieces: AsyncGenerator<StreamPiece>,
): Promise<void> {
  const { client, store, pool } = run
  const firstSegment = piece.startBytes / SEGMENT_BYTES
  const before = known.subarray(firstSegment * HASH_BYTES, firstSegment * HASH_BYTES + piece.leaves.length)
  if (!equalBytes(before, piece.leaves.subarray(0, before.length))) {
    if (input.comesOnce && piece.trueBytes === 0)
      throw new ArchiveError(
        "usage",
        "nothing came, and what came before was cut off: give the whole of it again, from its beginning",
      )
    throw new SourceChanged(
      input.comesOnce ? reopenedSource(piece, pieces, asset, store, client.segmentWork, pool) : null,
    )
  }
  if (before.length < piece.leaves.length) {
    if (input.comesOnce)
      await store.saveSealed(handle.assetId, piece.startBytes, piece.buffer.subarray(0, piece.sealedBytes))
    await store.saveLeaves(handle.assetId, firstSegment, piece.leaves)
    client.failpoint("upload.leaves-kept")
  }
  if (input.comesOnce && piece.isLast && piece.trueBytes !== null) {
    await input.onEnded(piece.trueBytes)
    client.failpoint("upload.input-kept")
  }
}

async function send(
  run: AssetRun,
  handle: UploadHandle,
  asset: JournalAsset,
  piece: StreamPiece,
  offset: number,
  before: Promise<void>,
): Promise<void> {
  const { signal } = run.retry
  const end = piece.startBytes + piece.sealedBytes
  const declared = asset.trueBytes === null && piece.isLast ? end : null
  let from = Math.max(offset, piece.startBytes)
  const attempt = async (): Promise<void> => {
    await sendPiece(handle, from, piece.buffer.subarray(from - piece.startBytes, piece.sealedBytes), declared, signal)
  }
  const early = await attempt().then(
    () => true,
    (error: unknown) => {
      if (!isArchiveError(error) || !mayComeAgain(error)) throw error
      return false
    },
  )
  // Until the piece before is acknowledged, that this one was not taken says nothing.
  await before
  if (!early)
    await withRetry(async () => {
      try {
        await attempt()
      } catch (error) {
        if (!isArchiveError(error) || !mayComeAgain(error)) throw error
        // The piece may have arrived although its answer did not, and the one behind it too.
        const acknowledged = await acknowledgedBytes(handle, signal)
        if (acknowledged < piece.startBytes)
          throw new ArchiveError("conflict", "the server lost what it had acknowledged", { place: "upload" })
        from = acknowledged
        if (from < end)
          throw error.retryable
            ? error
            : new ArchiveError("unavailable", "the upload stands elsewhere than this piece", { cause: error })
      }
    }, run.retry)
  run.client.failpoint("upload.piece-acknowledged")
  run.pool.give(piece.buffer)
  run.report({ sentBytes: end })
}

function mayComeAgain(error: ArchiveError): boolean {
  return error.code === "conflict" || error.retryable
}

export async function awaitReceipt(
  run: Pick<AssetRun, "client" | "retry" | "report">,
  handle: UploadHandle,
  asset: Pick<JournalAsset, "rawHeader">,
  sent: Pick<FinishedAsset, "storedBytes" | "root">,
): Promise<Uint8Array> {
  const { client, retry } = run
  const { instanceKey } = client.state.current
  for (let pollMs = POLL_MS; ; pollMs = Math.min(pollMs * 1.5, LONGEST_POLL_MS)) {
    const { receipt, storedBytes } = await withRetry(
      async () => await finishUpload(handle, sent.storedBytes, sent.root, retry.signal),
      retry,
    )
    if (receipt !== null) {
      const { serverKeys } = await withRetry(async () => await fetchInstance(client.http, instanceKey), retry)
      verifyReceipt(
        receipt,
        { headerHash: assetHeaderHash(asset.rawHeader), storedBytes: sent.storedBytes, root: sent.root, instanceKey },
        serverKeys,
        verifySignature,
      )
      run.report({ storedBytes: sent.storedBytes })
      return receipt
    }
    run.report({ storedBytes })
    await sleep(pollMs, retry.signal)
  }
}
