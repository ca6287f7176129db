import { ASSET_SALT_BYTES, decodeAssetHeader, encodeAssetHeader } from "../../../shared/protocol/asset-header.js"
import { equalBytes, toHex } from "../../../shared/protocol/bytes.js"
import { DAY_MS } from "../../../shared/protocol/ambient.js"
import { ArchiveError } from "../../../shared/protocol/errors.js"
import { HASH_BYTES } from "../../../shared/protocol/hash.js"
import { asId, type MeetingId } from "../../../shared/protocol/ids.js"
import type { SentFile } from "../../../shared/protocol/message-content.js"
import { newestUserSeed } from "../../crypto/account-keys.js"
import type { MeetingLog } from "../../crypto/meeting-log.js"
import { xwingPublicKey } from "../../crypto/sodium.js"
import { sealUploadSecret } from "../../crypto/upload-secret.js"
import type { Client } from "../client.js"
import { currentCapability, mayBeBehind, readMeeting, requireMeeting } from "../meetings.js"
import { refreshKeys } from "../links.js"
import { type AssetReader, openAsset, type ReaderOptions } from "../reader/asset-reader.js"
import { withRetry } from "../retry.js"
import { prepareToSeal } from "../standing.js"
import type { ChatState } from "../state.js"
import type { AssetSource, JournalAsset, JournalStore } from "../upload/journal.js"
import { BufferPool } from "../upload/pieces.js"
import { abandonAsset } from "../upload/abandon-asset.js"
import { uploadAsset } from "../upload/upload-asset.js"
import type { UploadOptions } from "../upload/upload-recording.js"
import { updateChat } from "./chat-state.js"

/** Files of messages: sealed assets of a meeting, by the upload path, which no recording has. SPEC.md §16.2. */

export interface NewFile {
  readonly fileName: string
  readonly mediaType: string
  /** Of known size; read once. */
  readonly source: AssetSource
}

const PATIENCE_MS = 600_000
/** What no message was made of by then is deleted again: nobody has it. */
const LOOSE_MS = 7 * DAY_MS

/**
 * Seals a file and brings it to its receipt; a message that holds what this gives, and is kept within a week, shows it to the members. Of the file nothing
 * is kept here but what deletes it: where it is interrupted, the upload is given up, now or by `settleFiles`.
 * @throws {@link ArchiveError} `interrupted`; `unavailable` after `patienceMs`; `changed`; `quota-exceeded`; what keeps a client from sealing.
 */
export async function uploadSentFile(
  client: Client,
  meetingId: MeetingId,
  { fileName, mediaType, source }: NewFile,
  options: Omit<UploadOptions, "onProgress"> & { readonly onProgress?: (sentBytes: number) => void } = {},
): Promise<SentFile> {
  const { signal, onWait, onProgress, patienceMs = PATIENCE_MS } = options
  const retry = { patienceMs, signal, onWait }
  await withRetry(async () => {
    await refreshKeys(client)
    await prepareToSeal(client, await readMeeting(client, meetingId), options)
  }, retry)
  const asset: JournalAsset = {
    role: "media",
    mediaType,
    rawHeader: encodeAssetHeader({
      kind: "file",
      assetId: asId("asset", client.random(16)),
      salt: client.random(ASSET_SALT_BYTES),
    }),
    contentKey: client.random(32),
    uploadSecret: client.random(32),
    trueBytes: source.sizeBytes,
    done: null,
  }
  const run = {
    client,
    meetingId,
    store: leavesInMemory(),
    pool: new BufferPool(),
    retry,
    report: ({ sentBytes }: { readonly sentBytes?: number }) => {
      if (sentBytes !== undefined) onProgress?.(sentBytes)
    },
  }
  const { meetingHash } = requireMeeting(client, meetingId)
  const { rawHeader, uploadSecret } = asset
  const loose = { rawHeader, uploadSecret, dueAtMs: client.clock.nowMs() + LOOSE_MS }
  const reader = await source.open()
  try {
    await updateChat(client, meetingHash, (chat) => ({ ...chat, looseFiles: [...chat.looseFiles, loose] }))
    const input = { kind: "source", source: reader, comesOnce: false, onEnded: () => Promise.resolve() } as const
    const { storedBytes, trueBytes, root } = await uploadAsset(run, asset, input)
    const { contentKey } = asset
    const userPublicKey = xwingPublicKey(newestUserSeed(client.state.current.secrets).seed)
    const uploadSecretBox = sealUploadSecret(userPublicKey, asset, client.random)
    return { rawHeader, storedBytes, trueBytes, root, mediaType, fileName, contentKey, uploadSecretBox }
  } catch (error) {
    await giveUp(client, meetingId, loose)
    throw error
  } finally {
    await reader.close()
  }
}

/** What can't be given up now is by a later `settleFiles`. */
async function giveUp(client: Client, meetingId: MeetingId, loose: ChatState["looseFiles"][number]): Promise<void> {
  const isGone = await abandonAsset(client, meetingId, loose).then(
    () => true,
    () => false,
  )
  await updateChat(client, requireMeeting(client, meetingId).meetingHash, (chat) => ({
    ...chat,
    looseFiles: chat.looseFiles.flatMap((file) => {
      if (!equalBytes(file.rawHeader, loose.rawHeader)) return [file]
      return isGone ? [] : [{ ...file, dueAtMs: 0 }]
    }),
  }))
}

/** A reader of a file that a message holds. */
export function readSentFile(
  client: Client,
  log: MeetingLog,
  file: SentFile,
  options: ReaderOptions = {},
): AssetReader {
  let newest = log
  const asset = { ...file, role: "media", header: decodeAssetHeader(file.rawHeader) } as const
  return openAsset(
    client,
    async (call) => {
      try {
        return await client.tokens.with(client.http, currentCapability(newest), call)
      } catch (error) {
        if (!mayBeBehind(error)) throw error
        // An epoch that began since ended what an older one's key may read.
        newest = await readMeeting(client, log.meetingId)
        return await client.tokens.with(client.http, currentCapability(newest), call)
      }
    },
    asset,
    options,
  )
}

/** No segment is sealed twice with other bytes within one run; a later run begins under other keys. */
function leavesInMemory(): JournalStore {
  const leaves = new Map<string, Uint8Array>()
  const never = (): Promise<never> => Promise.reject(new ArchiveError("internal", "a file of a message has no journal"))
  const none = (): Promise<void> => Promise.resolve()
  return {
    load: never,
    save: never,
    loadLeaves: (assetId) => Promise.resolve(leaves.get(toHex(assetId)) ?? new Uint8Array(0)),
    saveLeaves: (assetId, firstSegment, added) => {
      const whole = new Uint8Array(firstSegment * HASH_BYTES + added.length)
      whole.set((leaves.get(toHex(assetId)) ?? new Uint8Array(0)).subarray(0, firstSegment * HASH_BYTES))
      whole.set(added, firstSegment * HASH_BYTES)
      leaves.set(toHex(assetId), whole)
      return none()
    },
    saveSealed: never,
    loadSealed: never,
    drop: (assetId) => {
      leaves.delete(toHex(assetId))
      return none()
    },
    remove: none,
  }
}
