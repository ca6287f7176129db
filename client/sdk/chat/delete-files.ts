import { decodeAssetHeader } from "../../../shared/protocol/asset-header.js"
import { equalBytes } from "../../../shared/protocol/bytes.js"
import { type ArchiveError, isArchiveError } from "../../../shared/protocol/errors.js"
import { includesHash } from "../../../shared/protocol/hash.js"
import { idOfHash, type MeetingId, type MessageId } from "../../../shared/protocol/ids.js"
import type { SentFile } from "../../../shared/protocol/message-content.js"
import type { Client } from "../client.js"
import { deleteAssets, ownUploadSecret } from "../deletion.js"
import { requireMeeting } from "../meetings.js"
import type { SealingOptions } from "../standing.js"
import type { ChatState } from "../state.js"
import { abandonAsset } from "../upload/abandon-asset.js"
import { chatStateOf, updateChat } from "./chat-state.js"
import { type ChatLine, type ChatText, foldChat } from "./fold.js"
import { ChatReader } from "./read.js"
import { type DeletedMessage, flushChat, queueDeletion, type SendReport } from "./send.js"

/** Files of messages that were deleted: at the server they go once the deletion stands, and never before. SPEC.md §16.5. */

export interface FilesReport {
  /** So many files of deleted messages were deleted now, or were gone already. */
  readonly deleted: number
  /** The latest day, as the server says, on which bytes of what was deleted now go; `null` where nothing was. */
  readonly purgeDay: number | null
  /** So many files of deleted messages stay at the server: this account may not delete them, or another message shows them. */
  readonly kept: number
  /** What keeps the others; a later call goes on. `null` where nothing is left to do. */
  readonly trouble: ArchiveError | null
}

/**
 * Deletes a message, as its author or an admin, and its files at the server.
 * @throws {@link ArchiveError} as `queueMessage`; what keeps the deletion from being sent, or the files from being deleted, is in the reports.
 */
export async function deleteMessage(
  client: Client,
  meetingId: MeetingId,
  target: DeletedMessage,
  options: SealingOptions = {},
): Promise<SendReport & { readonly messageId: MessageId; readonly files: FilesReport }> {
  const messageId = await queueDeletion(client, meetingId, target)
  const sent = await flushChat(client, meetingId, options)
  return { messageId, ...sent, files: await settleFiles(client, meetingId) }
}

/** Whether a meeting's chat has files of this device to be settled now. */
export function hasFilesToSettle(client: Client, meetingHash: Uint8Array): boolean {
  const chat = chatStateOf(client.state.current, meetingHash)
  return dueFiles(client, chat).length + dueDeletions(chat).length > 0
}

/**
 * Deletes at the server what belongs to messages whose deletion is stored and has its effect, that were thrown away unsent, or that never came to be; a deletion
 * without effect deletes no file.
 * @throws {@link ArchiveError} never for what a later call may mend: that is in the report.
 */
export async function settleFiles(client: Client, meetingId: MeetingId): Promise<FilesReport> {
  const { meetingHash } = requireMeeting(client, meetingId)
  let total = NOTHING_LEFT
  try {
    const due = dueDeletions(chatStateOf(client.state.current, meetingHash))
    const reader = due.length === 0 ? null : await openReader(client, meetingId)
    for (const deletion of due) {
      const settled = reader === null ? NOTHING_LEFT : await settle(client, reader, deletion)
      if (settled === null) continue
      total = both(total, settled)
      await updateChat(client, meetingHash, (chat) => ({
        ...chat,
        deletions: chat.deletions.filter(({ statementId }) => !equalBytes(statementId, deletion.statementId)),
      }))
    }
    for (const file of dueFiles(client, chatStateOf(client.state.current, meetingHash))) {
      total = both(total, await abandon(client, meetingId, file))
      await updateChat(client, meetingHash, (chat) => ({
        ...chat,
        looseFiles: chat.looseFiles.filter(({ rawHeader }) => !equalBytes(rawHeader, file.rawHeader)),
      }))
    }
    return { ...total, trouble: null }
  } catch (error) {
    if (!isArchiveError(error)) throw error
    return { ...total, trouble: error }
  }
}

/** The same for all meetings: what keeps one keeps none of the others. Reports of those that had something to be settled. */
export async function settleAllFiles(
  client: Client,
): Promise<readonly (FilesReport & { readonly meetingId: MeetingId })[]> {
  const reports: (FilesReport & { readonly meetingId: MeetingId })[] = []
  for (const { meetingHash } of client.state.current.meetings) {
    if (!hasFilesToSettle(client, meetingHash)) continue
    const meetingId = idOfHash("meeting", meetingHash)
    reports.push({ meetingId, ...(await settleFiles(client, meetingId)) })
  }
  return reports
}

type Deletion = ChatState["deletions"][number]
type Settled = Omit<FilesReport, "trouble">

const NOTHING_LEFT: Settled = { deleted: 0, purgeDay: null, kept: 0 }
const KEPT: Settled = { ...NOTHING_LEFT, kept: 1 }

/** Those that the server has confirmed. */
function dueDeletions({ deletions, outbox }: ChatState): readonly Deletion[] {
  const waiting = outbox.map(({ messageId }) => messageId)
  return deletions.filter(({ statementId }) => !includesHash(waiting, statementId))
}

function dueFiles({ clock }: Client, { looseFiles }: ChatState): ChatState["looseFiles"] {
  const nowMs = clock.nowMs()
  return looseFiles.filter(({ dueAtMs }) => dueAtMs <= nowMs)
}

/** @returns `null` where the chat can't be read any more: with the meeting its files go, too. */
async function openReader(client: Client, meetingId: MeetingId): Promise<ChatReader | null> {
  try {
    return await ChatReader.open(client, meetingId)
  } catch (error) {
    if (isArchiveError(error) && (error.code === "gone" || error.code === "not-authorised")) return null
    throw error
  }
}

/** @returns `null` where it is to be seen later whether the deletion has an effect. */
async function settle(
  client: Client,
  reader: ChatReader,
  { statementId, targetId }: Deletion,
): Promise<Settled | null> {
  const has = (id: Uint8Array): boolean =>
    reader.entries().some((entry) => entry.kind === "authentic" && equalBytes(entry.messageId, id))
  while (!(has(targetId) && has(statementId)) && (await reader.readOlder()));
  const lines = foldChat(reader.entries(), reader.log.epochs)
  const target = lines.find((line) => line.kind === "text" && equalBytes(line.message.messageId, targetId))
  if (target?.kind !== "text") return NOTHING_LEFT
  if (target.text !== null) return isToCome(lines, statementId) ? null : NOTHING_LEFT
  let total = NOTHING_LEFT
  for (const file of target.content.files) {
    const uploadSecret = isShownElsewhere(lines, file) ? null : secretOf(client, target, file)
    total = both(total, uploadSecret === null ? KEPT : await deleteFile(client, reader, file, uploadSecret))
  }
  return total
}

/** A deletion that the server confirmed and does not give, or that is late until a later message vouches for it. */
function isToCome(lines: readonly ChatLine[], statementId: Uint8Array): boolean {
  const statement = lines.find(
    (line) => line.kind === "without-effect" && equalBytes(line.message.messageId, statementId),
  )
  return statement?.kind !== "without-effect" || statement.reason === "late"
}

/** A file stands in one message; who named it in others still shows it there. */
function isShownElsewhere(lines: readonly ChatLine[], { rawHeader }: SentFile): boolean {
  const { assetId } = decodeAssetHeader(rawHeader)
  return lines.some(
    (line) =>
      line.kind === "text" &&
      line.text !== null &&
      line.content.files.some((other) => equalBytes(decodeAssetHeader(other.rawHeader).assetId, assetId)),
  )
}

/** Only of what this account wrote itself: a box may have been taken over into another's message. */
function secretOf(client: Client, { message }: ChatText, file: SentFile): Uint8Array | null {
  const { genesisHash } = client.state.current.secrets
  if (file.uploadSecretBox === null || !equalBytes(message.statement.authorGenesisHash, genesisHash)) return null
  return ownUploadSecret(client, file, file.uploadSecretBox)
}

async function deleteFile(
  client: Client,
  { log }: ChatReader,
  { rawHeader }: SentFile,
  uploadSecret: Uint8Array,
): Promise<Settled> {
  const { assetId } = decodeAssetHeader(rawHeader)
  return await settledBy(async () => await deleteAssets(client, log.meetingId, [{ assetId, uploadSecret }]))
}

async function abandon(client: Client, meetingId: MeetingId, file: ChatState["looseFiles"][number]): Promise<Settled> {
  return await settledBy(async () => await abandonAsset(client, meetingId, file))
}

/** @param remove gives the purge day; what it may not do leaves the file there. */
async function settledBy(remove: () => Promise<number | null>): Promise<Settled> {
  try {
    return { ...NOTHING_LEFT, deleted: 1, purgeDay: await remove() }
  } catch (error) {
    if (isArchiveError(error) && (error.code === "forbidden" || error.code === "not-found")) return KEPT
    throw error
  }
}

function both(one: Settled, other: Settled): Settled {
  const days = [one.purgeDay, other.purgeDay].filter((day) => day !== null)
  return {
    deleted: one.deleted + other.deleted,
    purgeDay: days.length === 0 ? null : Math.max(...days),
    kept: one.kept + other.kept,
  }
}
