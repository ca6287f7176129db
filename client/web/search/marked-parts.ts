import { wordPlaces } from "../../sdk/search/words.js"

export interface TextPart {
  readonly text: string
  readonly isMatch: boolean
}

/** So many letters of a text are shown around what was found in it. */
const SHOWN_LETTERS = 240
const BEFORE_LETTERS = 60

/** What is shown of a text, on one line, around the first of the words that were found, with all of them marked. */
export function markedParts(text: string, matches: readonly string[]): readonly TextPart[] {
  const line = text.replaceAll(/\s+/gu, " ").trim()
  const wanted = new Set(matches)
  const places = wanted.size === 0 ? [] : wordPlaces(line).filter(({ folded }) => wanted.has(folded))
  const first = places[0]?.start ?? 0
  const from = first <= BEFORE_LETTERS || line.length <= SHOWN_LETTERS ? 0 : wordStart(line, first - BEFORE_LETTERS)
  const until = Math.min(line.length, from + SHOWN_LETTERS)
  const parts: TextPart[] = from > 0 ? [{ text: "… ", isMatch: false }] : []
  let at = from
  for (const { start, end } of places) {
    if (start < at || end > until) continue
    if (start > at) parts.push({ text: line.slice(at, start), isMatch: false })
    parts.push({ text: line.slice(start, end), isMatch: true })
    at = end
  }
  if (at < until) parts.push({ text: line.slice(at, until), isMatch: false })
  if (until < line.length) parts.push({ text: " …", isMatch: false })
  return parts
}

/** Where the next word begins, or that very place where none does soon. */
function wordStart(line: string, at: number): number {
  const blank = line.indexOf(" ", at)
  return blank < 0 || blank - at > BEFORE_LETTERS / 2 ? at : blank + 1
}
