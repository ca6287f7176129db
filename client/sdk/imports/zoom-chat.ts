import type { ImportedLine } from "../../../shared/protocol/import-record.js"
import { fitted, isName, unreadLine } from "./imported-lines.js"

/** What a chat file says. */
export interface ParsedChat {
  readonly lines: readonly ImportedLine[]
  /** Source lines that could not be read. They stand among `lines`, as they were. */
  readonly unreadCount: number
  /** Whether it has lines with tabs between time, author and text, whose times count from the recording's start. */
  readonly hasTabs: boolean
}

const TIME = /^(?:(\d{4})-(\d\d)-(\d\d)[ T])?(\d{1,2}):([0-5]\d):([0-5]\d)(?=\s)/
/** What stands between the time and the text has no more. */
const HEAD_CHARACTERS = 1_200
const PRIVATELY = /\s*\((?:direct message|privately)\)$/i
const EVERYBODY = /^(?:everyone|everybody)$/i
const DAY_MS = 86_400_000
const HALF_DAY_MS = DAY_MS / 2

/**
 * A chat as Zoom saves it, in each of its forms: `HH:MM:SS⇥Author:⇥text`, `HH:MM:SS From Author to Everyone: text`, with a date before, with text in the lines
 * behind. Every line that isn't blank is in what it gives. SPEC.md §8.1, IM4.
 */
export function parseZoomChat(text: string): ParsedChat {
  const drafts: { readonly line: ImportedLine; readonly more: string[] }[] = []
  const clock = dayClock()
  let [unreadCount, hasTabs] = [0, false]
  for (const source of text.split("\n")) {
    const last = drafts.at(-1)
    const begun = beginLine(source, clock)
    if (begun !== null) {
      drafts.push({ line: begun.line, more: [] })
      hasTabs ||= begun.hasTabs
    } else if (last !== undefined && !TIME.test(source)) {
      last.more.push(source)
      if (last.line.type === "unread" && source.trim() !== "") unreadCount += 1
    } else if (source.trim() !== "") {
      unreadCount += 1
      if (last?.line.type === "unread") last.more.push(source)
      else drafts.push({ line: unreadLine(source), more: [] })
    }
  }
  return { lines: drafts.flatMap(({ line, more }) => fitted(finishLine(line, more))), unreadCount, hasTabs }
}

function beginLine(source: string, clock: DayClock): { readonly line: ImportedLine; readonly hasTabs: boolean } | null {
  const time = TIME.exec(source)
  if (time === null) return null
  const rest = source.slice(time[0].length)
  const head = rest.slice(0, HEAD_CHARACTERS)
  const tabbed = /^\s+(\S[^\t]*):\t/.exec(head)
  const spoken = tabbed === null ? /^\s+(From\s[^:]*):(?:\s|$)/i.exec(head) : null
  const [found, said] = tabbed ?? spoken ?? []
  if (found === undefined || said === undefined) return null
  const { author, to } = readHead(said)
  if (!isName(author) || (to !== null && !isName(to))) return null
  const text = rest.slice(found.length)
  const clockMs = clock.at(time)
  const hasTabs = tabbed !== null && author === said.trim()
  return { line: { type: "message", clockMs, author, to, about: null, text }, hasTabs }
}

/** `From A to B (Direct Message)`, or an author alone. A name may hold the word "to": the last one counts. */
function readHead(head: string): { readonly author: string; readonly to: string | null } {
  const words = head.trim().split(/\s+/)
  if (!/^from$/i.test(words[0] ?? "") || words.length < 2) return { author: head.trim(), to: null }
  const at = words.lastIndexOf("to")
  if (at < 2) return { author: words.slice(1).join(" "), to: null }
  const to = words
    .slice(at + 1)
    .join(" ")
    .replace(PRIVATELY, "")
  return { author: words.slice(1, at).join(" "), to: to === "" || EVERYBODY.test(to) ? null : to }
}

function finishLine(line: ImportedLine, more: readonly string[]): ImportedLine {
  // What belongs to a message is indented by a tab, where the message stands below its head.
  const isUnread = line.type === "unread"
  const lines = [line.text, ...(isUnread ? more : more.map((text) => text.replace(/^\t/, "")))]
  while (lines.length > 1 && lines.at(-1)?.trim() === "") lines.pop()
  if (isUnread) return { ...line, text: lines.join("\n") }
  if (lines.length > 1 && lines[0]?.trim() === "") lines.shift()
  return { ...line, ...readText(lines.join("\n")) }
}

/** What Zoom writes for reactions and replies is text like any other, which somebody may have typed as well. */
function readText(text: string): Pick<ImportedLine, "type" | "about" | "text"> {
  const reacted = /^Reacted to ["“](.*)["”] with (\S{1,32})\s*$/s.exec(text)
  if (reacted !== null) return { type: "reaction", about: reacted[1] ?? "", text: reacted[2] ?? "" }
  const removed = /^Removed a (\S{1,32}) reaction from ["“](.*)["”]\s*$/s.exec(text)
  if (removed !== null) return { type: "reaction-removed", about: removed[2] ?? "", text: removed[1] ?? "" }
  const [first = "", ...rest] = text.split("\n")
  const replying = /^Replying to ["“](.*)["”]\s*$/.exec(first)
  const answer = rest
    .join("\n")
    .replace(/^\s*\n/, "")
    .trimStart()
  if (replying !== null && answer !== "") return { type: "reply", about: replying[1] ?? "", text: answer }
  return { type: "message", about: null, text }
}

interface DayClock {
  at(time: RegExpExecArray): number
}

/** Milliseconds by the chat's clock, which goes on over midnight. */
function dayClock(): DayClock {
  let [firstDay, before, days]: [number | null, number, number] = [null, 0, 0]
  return {
    at: ([, year, month, date, hours, minutes, seconds]) => {
      const inDay = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1_000
      if (year !== undefined) {
        const day = Date.UTC(Number(year), Number(month) - 1, Number(date)) / DAY_MS
        firstDay ??= day
        days = Math.max(0, day - firstDay)
      } else if (before - inDay > HALF_DAY_MS) days += 1
      before = inDay
      return days * DAY_MS + inDay
    },
  }
}
