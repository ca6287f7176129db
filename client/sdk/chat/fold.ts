import { equalBytes, toHex } from "../../../shared/protocol/bytes.js"
import type { MessageContent, MessageTarget, TextContent } from "../../../shared/protocol/message-content.js"
import { isAdmin } from "../../../shared/protocol/roster.js"
import type { ChatEntry, StandingMessage } from "../../crypto/chat-order.js"
import type { ValidEpoch } from "../../crypto/meeting-log.js"
import type { UnsentMessage } from "./send.js"

/** A chat as it is shown: what edits, deletions and reactions come to. SPEC.md §16.5. */

export interface ChatReaction {
  readonly reaction: string
  /** Genesis hashes, by who came first. */
  readonly authors: readonly Uint8Array[]
}

/** A message as it stands now. */
export interface ChatText {
  readonly kind: "text"
  readonly message: StandingMessage
  readonly content: TextContent
  /** What it says now; `null` once it was deleted. */
  readonly text: string | null
  /** When its author changed it last, by the author's clock; `null` if never. */
  readonly editedAtMs: number | null
  /** Who deleted it. */
  readonly deletedBy: Uint8Array | null
  readonly reactions: readonly ChatReaction[]
}

/** An edit, deletion or reaction that changes nothing, and why; or what this version does not know. */
export interface ChatWithoutEffect {
  readonly kind: "without-effect"
  readonly message: StandingMessage
  /** `late` also for one that contradicts others of its device. */
  readonly reason: "late" | "not-authorised" | "no-target" | "unknown-type"
}

export type ChatLine = ChatText | ChatWithoutEffect | Exclude<ChatEntry, StandingMessage>

type Action = StandingMessage & {
  readonly content: { readonly type: "edit" | "reaction" | "deletion"; readonly target: MessageTarget }
}

/**
 * @param entries in order; what an action names must be among them, so read back far enough.
 * @param epochs of the verified log: they say who was an admin when.
 */
export function foldChat(entries: readonly ChatEntry[], epochs: readonly ValidEpoch[]): readonly ChatLine[] {
  const texts = new Map<string, ChatText>()
  const order: (string | ChatLine)[] = []
  const actions: { readonly action: Action; readonly at: number }[] = []
  for (const entry of entries) {
    if (entry.kind !== "authentic") order.push(entry)
    else if (entry.content.type === "text") {
      const { key, text } = saidAtFirst(entry, entry.content)
      texts.set(key, text)
      order.push(key)
    } else if (entry.content.type === "other")
      order.push({ kind: "without-effect", message: entry, reason: "unknown-type" })
    else {
      actions.push({ action: entry as Action, at: order.length })
      order.push(WITHOUT_LINE)
    }
  }
  for (const { action, at } of actions) {
    const key = toHex(action.content.target.messageId)
    const target = texts.get(key)
    const reason = reasonAgainst(action, target, epochs)
    if (reason !== null || target === undefined)
      order[at] = { kind: "without-effect", message: action, reason: reason ?? "no-target" }
    else texts.set(key, withAction(target, saidBy(action)))
  }
  return order.flatMap((line) => {
    if (typeof line !== "string") return [line]
    const text = texts.get(line)
    return text === undefined ? [] : [text]
  })
}

/** What a message was before anybody changed it, by its entry: a chat is folded anew whenever something comes, and nearly all of it is as before. */
const firsts = new WeakMap<StandingMessage, { readonly key: string; readonly text: ChatText }>()

function saidAtFirst(
  message: StandingMessage,
  content: TextContent,
): { readonly key: string; readonly text: ChatText } {
  let first = firsts.get(message)
  if (first === undefined) {
    const unchanged = { editedAtMs: null, deletedBy: null, reactions: [] }
    const text: ChatText = { kind: "text", message, content, text: content.text, ...unchanged }
    first = { key: toHex(message.messageId), text }
    firsts.set(message, first)
  }
  return first
}

/** The place of an action that shows in its target. */
const WITHOUT_LINE = ""

function reasonAgainst(
  action: Action,
  target: ChatText | undefined,
  epochs: readonly ValidEpoch[],
): ChatWithoutEffect["reason"] | null {
  // Whoever was removed could with the server still change what was said.
  if (!action.standing.isVouched || action.standing.conflict !== null) return "late"
  if (target === undefined || !equalBytes(target.message.hash, action.content.target.hash)) return "no-target"
  const author = action.statement.authorGenesisHash
  if (action.content.type === "reaction" || equalBytes(author, target.message.statement.authorGenesisHash)) return null
  const roster = epochs.find(({ keys }) => keys.epoch === action.epoch)?.roster ?? []
  return action.content.type === "deletion" && isAdmin(roster, author) ? null : "not-authorised"
}

interface Said {
  readonly content: MessageContent
  readonly author: Uint8Array
  readonly timeMs: number
}

function saidBy({ content, statement }: Action): Said {
  return { content, author: statement.authorGenesisHash, timeMs: statement.timeMs }
}

/** A chat with what this account's own edits, deletions and reactions that wait to be sent will come to; its texts that wait have no place in it yet. */
export function foldUnsent(
  lines: readonly ChatLine[],
  unsent: readonly UnsentMessage[],
  self: Uint8Array,
): readonly ChatLine[] {
  const waiting = new Map<string, UnsentMessage[]>()
  for (const message of unsent) {
    if (message.content.type === "text") continue
    const key = toHex(message.content.target.messageId)
    waiting.set(key, [...(waiting.get(key) ?? []), message])
  }
  if (waiting.size === 0) return lines
  return lines.map((line) => {
    if (line.kind !== "text") return line
    return (waiting.get(toHex(line.message.messageId)) ?? []).reduce(
      (target, { content, timeMs }) => withAction(target, { content, author: self, timeMs }),
      line,
    )
  })
}

function withAction(target: ChatText, { content, author, timeMs }: Said): ChatText {
  switch (content.type) {
    case "edit":
      return target.text === null ? target : { ...target, text: content.text, editedAtMs: timeMs }
    case "deletion":
      return { ...target, text: null, deletedBy: target.deletedBy ?? author }
    case "reaction":
      return { ...target, reactions: withReaction(target.reactions, content.reaction, author, content.isSet) }
    case "text":
      return target
  }
}

function withReaction(
  reactions: readonly ChatReaction[],
  reaction: string,
  author: Uint8Array,
  isSet: boolean,
): readonly ChatReaction[] {
  const before = reactions.find((known) => known.reaction === reaction)
  const others = (before?.authors ?? []).filter((known) => !equalBytes(known, author))
  const authors = isSet ? [...others, author] : others
  if (before === undefined) return isSet ? [...reactions, { reaction, authors }] : reactions
  return reactions
    .map((known) => (known === before ? { reaction, authors } : known))
    .filter((known) => known.authors.length > 0)
}
