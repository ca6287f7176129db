import { equalBytes, toHex } from "../../../shared/protocol/bytes.js"
import type { MessageContent, MessageTarget, TextContent } from "../../../shared/protocol/message-content.js"
import { isAdmin } from "../../../shared/protocol/roster.js"
import { isContinued } from "../../crypto/chat-growth.js"
import type { ChatEntry, StandingMessage } from "../../crypto/chat-order.js"
import type { ValidEpoch } from "../../crypto/meeting-log.js"
import type { UnsentMessage } from "./send.js"

/** A chat as it is shown: what edits, deletions and reactions come to. SPEC.md §16.5. */

export interface ChatReaction {
  readonly reaction: string
  /** Genesis hashes, by who came first. */
  readonly authors: readonly Uint8Array[]
}

/** Somebody whom a message names. */
export interface ChatMention {
  readonly genesisHash: Uint8Array
  /** Where they were named: in the message itself, or in the edit that named them; `null` while that waits to be sent. */
  readonly served: Pick<StandingMessage["served"], "incarnation" | "seq"> | null
}

/** A message as it stands now. */
export interface ChatText {
  readonly kind: "text"
  readonly message: StandingMessage
  readonly content: TextContent
  /** What it says now; `null` once it was deleted. */
  readonly text: string | null
  /** Whom it names now. */
  readonly mentions: readonly ChatMention[]
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

/** What it names may stand further back, where nothing was read yet. */
export function mayYetCount(line: ChatLine, hasOlder: boolean): boolean {
  return line.kind === "without-effect" && line.reason === "no-target" && hasOlder
}

type Action = StandingMessage & {
  readonly content: { readonly type: "edit" | "reaction" | "deletion"; readonly target: MessageTarget }
}

/**
 * @param entries in order; what an action names must be among them, so read back far enough.
 * @param epochs of the verified log: they say who was an admin when.
 */
export function foldChat(entries: readonly ChatEntry[], epochs: readonly ValidEpoch[]): readonly ChatLine[] {
  return new ChatFold().fold(entries, epochs)
}

type ReactionContent = Extract<MessageContent, { readonly type: "reaction" }>

/** The place of an entry; an action that shows in its target has no line. */
interface Cell {
  line: ChatLine | null
}

interface PlacedAction {
  readonly action: Action
  readonly cell: Cell
}

/** One chat, folded again and again: where it grew at an end, only what came is folded, and the rest is as it was. */
export class ChatFold {
  #entries: readonly ChatEntry[] = []
  #epochs: readonly ValidEpoch[] = []
  #lines: readonly ChatLine[] = []
  #cells: Cell[] = []
  /** By message in hexadecimal. */
  readonly #texts = new Map<string, Cell>()
  /** Actions whose target was not there, by its message. */
  readonly #lost = new Map<string, Cell[]>()

  /** As {@link foldChat}; the same array as long as nothing changes. */
  fold(entries: readonly ChatEntry[], epochs: readonly ValidEpoch[]): readonly ChatLine[] {
    if (entries === this.#entries && epochs === this.#epochs) return this.#lines
    const before = this.#entries
    const more = entries.length - before.length
    const isGrown = epochs === this.#epochs && more >= 0
    const isContinuing = isGrown && (isContinued(before, entries) || isPartAt(before, entries, 0))
    this.#epochs = epochs
    this.#entries = entries
    const added = isContinuing ? entries.slice(before.length) : []
    if (isContinuing && this.#append(added)) {
      // What came and changes nothing that was there stands behind it: as nearly every message.
      this.#lines = added.some(isAction)
        ? linesOf(this.#cells)
        : this.#lines.concat(linesOf(this.#cells.slice(before.length)))
      return this.#lines
    }
    const isPreceded = isGrown && isPartAt(before, entries, more) && this.#prepend(entries.slice(0, more))
    if (!isPreceded) {
      this.#cells = []
      this.#texts.clear()
      this.#lost.clear()
      this.#append(entries)
    }
    this.#lines = linesOf(this.#cells)
    return this.#lines
  }

  /** @returns whether that is all that changes. */
  #append(added: readonly ChatEntry[]): boolean {
    if (added.some((entry) => isText(entry) && this.#lost.has(idOf(entry)))) return false
    // One by one: a call takes some hundred thousand arguments at most, in a worker fewer.
    for (const cell of this.#cellsOf(added)) this.#cells.push(cell)
    return true
  }

  /** @returns whether that is all that changes. */
  #prepend(older: readonly ChatEntry[]): boolean {
    // What stands before its target would have to come before all that changed it since.
    if (older.some((entry) => isAction(entry) && this.#texts.has(targetOf(entry)))) return false
    const laterLost = [...this.#lost]
    this.#lost.clear()
    this.#cells = [...this.#cellsOf(older), ...this.#cells]
    // Of what waits for one target, the older comes first.
    for (const [id, waiting] of laterLost) this.#lost.set(id, [...(this.#lost.get(id) ?? []), ...waiting])
    const found: PlacedAction[] = []
    for (const entry of older) {
      if (!isText(entry)) continue
      const id = idOf(entry)
      const waiting = this.#lost.get(id) ?? []
      this.#lost.delete(id)
      for (const cell of waiting)
        if (cell.line?.kind === "without-effect") found.push({ action: cell.line.message as Action, cell })
    }
    this.#act(found)
    return true
  }

  #cellsOf(entries: readonly ChatEntry[]): Cell[] {
    const actions: PlacedAction[] = []
    const cells: Cell[] = []
    for (const entry of entries) {
      const cell: Cell = { line: null }
      cells.push(cell)
      if (entry.kind !== "authentic") cell.line = entry
      else if (entry.content.type === "text") {
        const { key, text } = saidAtFirst(entry, entry.content)
        cell.line = text
        this.#texts.set(key, cell)
      } else if (entry.content.type === "other")
        cell.line = { kind: "without-effect", message: entry, reason: "unknown-type" }
      else actions.push({ action: entry as Action, cell })
    }
    this.#act(actions)
    return cells
  }

  #act(actions: readonly PlacedAction[]): void {
    const reactions = new Map<Cell, Reactions>()
    for (const { action, cell } of actions) {
      const id = targetOf(action)
      const target = this.#texts.get(id)
      const text = target?.line?.kind === "text" ? target.line : undefined
      const reason = reasonAgainst(action, text, this.#epochs)
      if (reason === null && target !== undefined && text !== undefined) {
        cell.line = null
        if (action.content.type === "reaction") {
          const changed = reactions.get(target) ?? new Reactions(text.reactions)
          reactions.set(target, changed)
          changed.change(action.content, action.statement.authorGenesisHash)
        } else target.line = withAction(text, saidBy(action))
        continue
      }
      cell.line = { kind: "without-effect", message: action, reason: reason ?? "no-target" }
      if (target !== undefined || reason !== "no-target") continue
      const waiting = this.#lost.get(id)
      if (waiting === undefined) this.#lost.set(id, [cell])
      else waiting.push(cell)
    }
    for (const [target, changed] of reactions)
      if (target.line?.kind === "text") target.line = { ...target.line, reactions: changed.all() }
  }
}

/** A message's reactions while they change: it may have any number of them, so none is looked for among the others. */
class Reactions {
  readonly #authors: Map<string, readonly Uint8Array[]>

  constructor(reactions: readonly ChatReaction[]) {
    this.#authors = new Map(reactions.map(({ reaction, authors }) => [reaction, authors]))
  }

  change({ reaction, isSet }: ReactionContent, author: Uint8Array): void {
    const others = (this.#authors.get(reaction) ?? []).filter((known) => !equalBytes(known, author))
    if (isSet) this.#authors.set(reaction, [...others, author])
    else if (others.length > 0) this.#authors.set(reaction, others)
    else this.#authors.delete(reaction)
  }

  all(): readonly ChatReaction[] {
    return [...this.#authors].map(([reaction, authors]) => ({ reaction, authors }))
  }
}

function isText(entry: ChatEntry): entry is StandingMessage {
  return entry.kind === "authentic" && entry.content.type === "text"
}

function isAction(entry: ChatEntry): entry is Action {
  return entry.kind === "authentic" && entry.content.type !== "text" && entry.content.type !== "other"
}

function idOf(entry: StandingMessage): string {
  return toHex(entry.messageId)
}

function targetOf({ content }: Action): string {
  return toHex(content.target.messageId)
}

/** Whether all of a chat as it was stands in it as it is, from a place on. */
function isPartAt(before: readonly ChatEntry[], entries: readonly ChatEntry[], at: number): boolean {
  // All of a chat for each message that comes: called for each entry, this takes longer than verifying the message.
  for (let index = 0; index < before.length; index++) if (entries[at + index] !== before[index]) return false
  return true
}

function linesOf(cells: readonly Cell[]): readonly ChatLine[] {
  const lines: ChatLine[] = []
  for (const { line } of cells) if (line !== null) lines.push(line)
  return lines
}

/** What a message was before anybody changed it, by its entry: it may be folded anew, and nearly all of it is as before. */
const firsts = new WeakMap<StandingMessage, { readonly key: string; readonly text: ChatText }>()

function saidAtFirst(
  message: StandingMessage,
  content: TextContent,
): { readonly key: string; readonly text: ChatText } {
  let first = firsts.get(message)
  if (first === undefined) {
    const mentions = mentionsOf(content.mentions, [], message.served)
    const unchanged = { editedAtMs: null, deletedBy: null, reactions: [] }
    const text: ChatText = { kind: "text", message, content, text: content.text, mentions, ...unchanged }
    first = { key: toHex(message.messageId), text }
    firsts.set(message, first)
  }
  return first
}

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
  readonly served: ChatMention["served"]
}

function saidBy({ content, statement, served }: Action): Said {
  return { content, author: statement.authorGenesisHash, timeMs: statement.timeMs, served }
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
      (target, { content, timeMs }) => withAction(target, { content, author: self, timeMs, served: null }),
      line,
    )
  })
}

function withAction(target: ChatText, { content, author, timeMs, served }: Said): ChatText {
  switch (content.type) {
    case "edit": {
      if (target.text === null) return target
      const mentions = mentionsOf(content.mentions, target.mentions, served)
      return { ...target, text: content.text, mentions, editedAtMs: timeMs }
    }
    case "deletion":
      return { ...target, text: null, deletedBy: target.deletedBy ?? author }
    case "reaction": {
      const reactions = new Reactions(target.reactions)
      reactions.change(content, author)
      return { ...target, reactions: reactions.all() }
    }
    case "text":
      return target
  }
}

/** Who was named before stays named where they were: an edit is no news to them. */
function mentionsOf(
  named: readonly Uint8Array[],
  before: readonly ChatMention[],
  served: ChatMention["served"],
): readonly ChatMention[] {
  return named.map(
    (genesisHash) => before.find((mention) => equalBytes(mention.genesisHash, genesisHash)) ?? { genesisHash, served },
  )
}
