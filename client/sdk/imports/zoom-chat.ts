import type { ImportedLine, ImportedPerson } from "../../../shared/protocol/import-record.js"
import { fitted, isName, unreadLine } from "./imported-lines.js"
import { chooseReading, readingsOf, type ZoomReading } from "./zoom-head.js"

/** What a chat file says. */
export interface ParsedChat {
  /** What could not be read stands among them, as it was. */
  readonly lines: readonly ImportedLine[]
  /** Whether it has lines with tabs between time, author and text, whose times count from the recording's start. */
  readonly hasTabs: boolean
}

const TIME = /^(?:(\d{4})-(\d\d)-(\d\d)[ T])?(\d{1,2}):([0-5]\d):([0-5]\d)(?:[ \u{202f}]([AP])M)?(?=\s)/iu
const DAY_MS = 86_400_000
const HALF_DAY_MS = DAY_MS / 2

/**
 * A chat as Zoom saves it in English, in each of its forms: `HH:MM:SS⇥Author:⇥text`, `HH:MM:SS From Author to Everyone: text`, with a date before, with text in
 * the lines behind. Every line that isn't blank is in what it gives. Where a line can be read in several ways, the names that are known settle it, and it
 * is not read where they don't. SPEC.md §8.1, IM4.
 * @param people whom the platform named as there.
 */
export function parseZoomChat(text: string, people: readonly Pick<ImportedPerson, "name">[] = []): ParsedChat {
  const sources = text.split("\n")
  const isKnown = knownNames(sources, people)
  const drafts: { readonly line: ImportedLine; readonly more: string[] }[] = []
  const clock = dayClock()
  let hasTabs = false
  for (const source of sources) {
    const last = drafts.at(-1)
    const time = TIME.exec(source)
    const reading = time === null ? null : chooseReading(readLine(source, time), isKnown)
    if (time !== null && reading !== null) {
      const { author, to, text: said } = reading
      drafts.push({ line: { type: "message", clockMs: clock.at(time), author, to, about: null, text: said }, more: [] })
      hasTabs ||= reading.hasTabs
    } else if (last !== undefined && (time === null || last.line.type === "unread")) last.more.push(source)
    else if (source.trim() !== "") drafts.push({ line: unreadLine(source), more: [] })
  }
  return { lines: drafts.flatMap(({ line, more }) => fitted(finishLine(line, more))), hasTabs }
}

function readLine(source: string, time: RegExpExecArray): readonly ZoomReading[] {
  return readingsOf(source.slice(time[0].length)).filter(
    ({ author, to }) => isName(author) && (to === null || isName(to)),
  )
}

/** Who is called so, by the list of those who were there and by all lines that can be read in one way alone. */
function knownNames(
  sources: readonly string[],
  people: readonly Pick<ImportedPerson, "name">[],
): (name: string) => boolean {
  // `Name (Original Name)`, as lists have it.
  const known = new Set(people.flatMap(({ name }) => [name, name.replace(/\s*\([^()]*\)$/, "")]))
  for (const source of sources) {
    const time = TIME.exec(source)
    const [only, ...others] = time === null ? [] : readLine(source, time)
    if (only === undefined || others.length > 0) continue
    known.add(only.author)
    if (only.to !== null) known.add(only.to)
  }
  return (name) => known.has(name)
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
    at: ([, year, month, date, hours, minutes, seconds, half]) => {
      const hour = half === undefined ? Number(hours) : (Number(hours) % 12) + (half.toUpperCase() === "P" ? 12 : 0)
      const inDay = ((hour * 60 + Number(minutes)) * 60 + Number(seconds)) * 1_000
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
