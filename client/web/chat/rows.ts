import { equalBytes, toHex } from "../../../shared/protocol/bytes.js"
import type { ClosedMessage, RefusedMessage } from "../../crypto/message-judge.js"
import type { ChatGap, StandingMessage } from "../../crypto/chat-order.js"
import { type ChatLine, type ChatText, type ChatWithoutEffect, mayYetCount } from "../../sdk/chat/fold.js"
import { isClockOff } from "../../sdk/chat/states.js"
import { isNewTo } from "../../sdk/chat/unread.js"
import type { ChatState } from "../../sdk/state.js"
import type { WaitingText } from "./room-chat.js"

/** A chat as it stands on the screen, one row below the other. */
export type ChatRow = { readonly key: string } & (
  | { readonly kind: "day"; readonly timeMs: number }
  | { readonly kind: "fresh" }
  /** `isFirst`: of what its author says in one go. */
  | { readonly kind: "text"; readonly line: ChatText; readonly isFirst: boolean }
  | { readonly kind: "without-effect"; readonly line: ChatWithoutEffect }
  | { readonly kind: "gap"; readonly line: ChatGap }
  | { readonly kind: "refused"; readonly line: RefusedMessage }
  | { readonly kind: "closed"; readonly line: ClosedMessage; readonly count: number }
  | { readonly kind: "waiting"; readonly message: WaitingText; readonly isFirst: boolean }
)

/** Where no message is shown, and something must be said. */
export type AsideRow = Extract<ChatRow, { readonly kind: "gap" | "refused" | "without-effect" }>

/** What comes within this is said in one go. */
const IN_ONE_GO_MS = 5 * 60_000

export interface RowsInput {
  readonly lines: readonly ChatLine[]
  readonly waiting: readonly WaitingText[]
  readonly self: Uint8Array
  /** Up to where its person had looked when it was opened; `null`: to its end. */
  readonly readUntil: ChatState["readUntil"]
  readonly hasOlder: boolean
}

export function rowsOf({ lines, waiting, self, readUntil, hasOlder }: RowsInput): readonly ChatRow[] {
  const rows: ChatRow[] = []
  let day = ""
  let isFreshSaid = readUntil === null
  /** Who said the row before, and when. */
  let before: { readonly author: Uint8Array; readonly timeMs: number } | null = null
  const beginDay = (timeMs: number, key: string, next = dayOf(timeMs)): void => {
    if (next === day) return
    day = next
    before = null
    rows.push({ kind: "day", key: `day before ${key}`, timeMs })
  }
  const says = (author: Uint8Array, timeMs: number): boolean => {
    const isFirst =
      before === null || !equalBytes(before.author, author) || Math.abs(timeMs - before.timeMs) > IN_ONE_GO_MS
    before = { author, timeMs }
    return isFirst
  }
  for (const line of lines) {
    if (line.kind === "text") {
      const { message } = line
      const { key, day: own } = placedOf(message)
      const { authorGenesisHash, timeMs } = message.statement
      // A clock that is off would make days that never were.
      if (own !== null) beginDay(timeMs, key, own)
      if (!isFreshSaid && isNewTo(readUntil, message) && !equalBytes(authorGenesisHash, self)) {
        isFreshSaid = true
        before = null
        rows.push({ kind: "fresh", key: "fresh" })
      }
      rows.push({ kind: "text", key, line, isFirst: says(authorGenesisHash, timeMs) })
      continue
    }
    if (mayYetCount(line, hasOlder)) continue
    before = null
    if (line.kind !== "closed") {
      rows.push(asideOf(line))
      continue
    }
    const last = rows.at(-1)
    if (last?.kind === "closed") rows[rows.length - 1] = { ...last, count: last.count + 1 }
    else rows.push({ kind: "closed", key: placeKey(line), line, count: 1 })
  }
  for (const message of waiting) {
    const key = toHex(message.messageId)
    beginDay(message.timeMs, key)
    rows.push({ kind: "waiting", key, message, isFirst: says(self, message.timeMs) })
  }
  return rows
}

export function asideOf(line: AsideRow["line"]): AsideRow {
  switch (line.kind) {
    case "gap":
      return { kind: "gap", key: `gap ${line.fromSeq}`, line }
    case "refused":
      return { kind: "refused", key: placeKey(line), line }
    case "without-effect":
      return { kind: "without-effect", key: toHex(line.message.messageId), line }
  }
}

function dayOf(timeMs: number): string {
  return new Date(timeMs).toDateString()
}

/** Of each message once: rows are made anew whenever something comes. */
const placed = new WeakMap<StandingMessage, { readonly key: string; readonly day: string | null }>()

function placedOf(message: StandingMessage): { readonly key: string; readonly day: string | null } {
  let known = placed.get(message)
  if (known === undefined) {
    known = { key: toHex(message.messageId), day: isClockOff(message) ? null : dayOf(message.statement.timeMs) }
    placed.set(message, known)
  }
  return known
}

function placeKey({ served: { incarnation, seq } }: RefusedMessage | ClosedMessage): string {
  return `place ${incarnation} ${seq}`
}
