import { dateOf, dateOfDay, isoTimeOf, minuteIn } from "../../shared/protocol/ambient.js"
import { formatId } from "../../shared/protocol/ids.js"
import type { Client } from "../sdk/client.js"
import { type ChatLine, foldChat } from "../sdk/chat/fold.js"
import { authorStateOf, isClockOff } from "../sdk/chat/states.js"
import type { NotKept } from "../sdk/chat/kept.js"
import type { ChatReader } from "../sdk/chat/read.js"
import { accountOf, nameText } from "./describe.js"
import { shownText } from "./shown-text.js"

/** How a chat is printed. */

/** A line of a chat, or in front of all what was not to be kept of it. */
export type ShownLine = ChatLine | ({ readonly kind: "not-kept" } & NotKept)

export function foldedChat(reader: ChatReader): readonly ShownLine[] {
  const { notKept } = reader
  const lines = foldChat(reader.entries(), reader.log.epochs)
  return notKept === null ? lines : [{ kind: "not-kept", ...notKept }, ...lines]
}

type Said = Extract<ChatLine, { readonly message: unknown }>

export function chatDocument(client: Client, line: ShownLine): Readonly<Record<string, unknown>> {
  if (line.kind === "not-kept")
    return {
      state: "not-kept",
      from: 0,
      to: line.untilSeq - 1,
      writtenBefore: line.writtenBeforeMs === null ? null : isoTimeOf(line.writtenBeforeMs),
    }
  if (line.kind === "gap") return { state: "gap", from: line.fromSeq, to: line.untilSeq - 1 }
  if (line.kind === "refused") return { place: line.served.seq, state: "refused", code: line.code, reason: line.reason }
  if (line.kind === "closed") return { place: line.served.seq, state: "closed", epoch: line.epoch }
  const { message } = line
  const { statement, standing } = message
  return {
    place: message.served.seq,
    message: formatId("message", message.messageId),
    state: standing.isVouched ? "stored" : "late",
    author: accountOf(statement.authorGenesisHash),
    knownAs: authorStateOf(client, statement.authorGenesisHash),
    time: isoTimeOf(statement.timeMs),
    isClockOff: isClockOff(message),
    type: line.kind === "text" ? "text" : statement.type,
    ...(line.kind === "without-effect" ? { withoutEffect: line.reason } : {}),
    ...(line.kind === "text" ? textDocument(line) : {}),
    missingBefore: standing.missingBefore,
    conflict: standing.conflict,
    isAhead: message.isAhead,
    epoch: message.epoch,
  }
}

function textDocument({
  content,
  text,
  mentions,
  editedAtMs,
  deletedBy,
  reactions,
}: Extract<ChatLine, { kind: "text" }>) {
  return {
    text,
    edited: editedAtMs === null ? null : isoTimeOf(editedAtMs),
    deletedBy: deletedBy === null ? null : accountOf(deletedBy),
    replyTo: content.replyTo === null ? null : formatId("message", content.replyTo.messageId),
    mentions: mentions.map(({ genesisHash }) => accountOf(genesisHash)),
    files: content.files.map(({ fileName, trueBytes }) => ({ fileName, sizeBytes: trueBytes })),
    recording: content.place === null ? null : formatId("recording", content.place.recordingId),
    offsetMs: content.place?.offsetMs ?? null,
    reactions: reactions.map(({ reaction, authors }) => ({ reaction, authors: authors.map(accountOf) })),
  }
}

export function chatLines(client: Client, line: ShownLine): readonly string[] {
  if (line.kind === "not-kept") return [notKeptText(line)]
  if (line.kind === "gap") return [gapText(line)]
  if (line.kind === "refused")
    return [`! a message is not shown, since nobody can be told to have written it (${line.code}: ${line.reason})`]
  if (line.kind === "closed") return ["! a message from before this account could open the chat"]
  const { statement } = line.message
  const head = `${formatId("message", line.message.messageId)}  ${minuteIn(isoTimeOf(statement.timeMs))}  ${accountOf(statement.authorGenesisHash)}${nameText(client, statement.authorGenesisHash)}`
  return [
    ...warningsOf(client, line).map((warning) => `! ${warning}`),
    head,
    ...bodyLines(line).map((text) => `    ${text}`),
  ]
}

function bodyLines(line: Said): readonly string[] {
  if (line.kind === "without-effect") return [withoutEffectText(line)]
  const { text, editedAtMs, deletedBy, reactions, content } = line
  return [
    ...(text === null
      ? [`(deleted by ${deletedBy === null ? "nobody" : accountOf(deletedBy)})`]
      : shownText(text).split("\n")),
    ...(editedAtMs === null || text === null ? [] : [`(edited ${minuteIn(isoTimeOf(editedAtMs))})`]),
    ...(content.replyTo === null ? [] : [`(in reply to ${formatId("message", content.replyTo.messageId)})`]),
    ...content.files.map(({ fileName }) => `(file: ${fileName})`),
    ...reactions.map(({ reaction, authors }) => `${reaction} ${authors.length}`),
  ]
}

/** What a person must know before believing a message. */
export function warningsOf(client: Client, { message }: Said): readonly string[] {
  const { standing, isAhead, statement } = message
  const { missingBefore, isVouched, conflict } = standing
  return [
    ...(missingBefore === 0
      ? []
      : [`${missingBefore} of the same device before this ${missingBefore === 1 ? "is" : "are"} missing`]),
    ...(isVouched ? [] : ["late, not vouched for: it may have been written after its author was removed"]),
    ...(conflict === null ? [] : [CONFLICTS[conflict]]),
    ...(isAhead ? ["its author saw more of this meeting than the server shows to you"] : []),
    ...(isClockOff(message)
      ? [`its author's clock is off: the server got it on ${dateOfDay(message.served.day)}`]
      : []),
    ...(authorStateOf(client, statement.authorGenesisHash) === "unverified"
      ? ["from someone unverified: compare safety words, or add their card"]
      : []),
  ]
}

const CONFLICTS = {
  fork: "its device wrote two messages in one place: one of them is not what others saw",
  link: "it follows another message of its device than the one before it here",
  order: "it stands behind a later message of its device: the server changed their order",
} as const

export function gapText({ fromSeq, untilSeq }: { readonly fromSeq: number; readonly untilSeq: number }): string {
  const count = untilSeq - fromSeq
  return `! ${count === 1 ? "a message is" : `${count} messages are`} missing here: the server does not give ${count === 1 ? "it" : "them"}`
}

export function notKeptText({ writtenBeforeMs }: NotKept): string {
  if (writtenBeforeMs === null)
    return "! Older messages are not here. What was to be kept was said in a part of this meeting's log that is closed to you: an admin may have had them deleted, or the server does not give them."
  return `Older messages were not to be kept: an admin had the server delete what was written before ${dateOf(writtenBeforeMs)}.`
}

export function withoutEffectText({ message, reason }: Extract<ChatLine, { kind: "without-effect" }>): string {
  const what =
    message.content.type === "other" ? `something of type ${message.content.name}` : `a ${message.content.type}`
  return `(${what} that changes nothing: ${REASONS[reason]})`
}

const REASONS = {
  late: "it is late, or contradicts others of its device",
  "not-authorised": "its author may not",
  "no-target": "what it names is not here",
  "unknown-type": "this version does not know it",
} as const
