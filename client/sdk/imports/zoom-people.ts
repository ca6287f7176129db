import Papa from "papaparse"
import type { ImportedPerson } from "../../../shared/protocol/import-record.js"
import { isName } from "./imported-lines.js"

/** What a participants file says. */
export interface ParsedPeople {
  readonly people: readonly ImportedPerson[]
  readonly topic: string | null
  /** When the meeting began, by the clock of whoever exported it, as if that were UTC. */
  readonly startedLocalMs: number | null
  /** Rows that are not in `people`, since they are too long. */
  readonly leftOut: number
}

/** A participants list as Zoom exports it: often the meeting in two rows first, then a row for each. */
export function parseZoomPeople(text: string): ParsedPeople {
  const { data } = Papa.parse<string[]>(text, { skipEmptyLines: "greedy" })
  const rows = data.map((row) => row.map((cell) => cell.trim()))
  const at = rows.findIndex(([first]) => /^(?:user )?name\b/i.test(first ?? ""))
  const head = rows[at] ?? []
  const [address, minutes] = [columnOf(head, /e-?mail/i), columnOf(head, /duration/i)]
  const meetingHead = at > 0 ? (rows[0] ?? []) : []
  const cellOf = (name: RegExp): string | null => rows[1]?.[columnOf(meetingHead, name)] ?? null
  // Where no row says what stands where, each is kept as it stands.
  const found = rows
    .slice(at + 1)
    .map((row): ImportedPerson =>
      at < 0
        ? { name: row.join(", "), address: null, minutes: null }
        : { name: row[0] ?? "", address: textOf(row[address]), minutes: minutesOf(row[minutes]) },
    )
  const people = found.filter((person) => isName(person.name) && (person.address === null || isName(person.address)))
  return {
    people,
    topic: at > 0 ? textOf(cellOf(/^topic$/i) ?? undefined) : null,
    startedLocalMs: at > 0 ? localTimeOf(cellOf(/^start time$/i) ?? "") : null,
    leftOut: found.length - people.length,
  }
}

function columnOf(head: readonly string[], name: RegExp): number {
  return head.findIndex((cell) => name.test(cell))
}

function textOf(cell: string | undefined): string | null {
  return cell === undefined || cell === "" ? null : cell
}

function minutesOf(cell: string | undefined): number | null {
  return cell !== undefined && /^\d{1,7}$/.test(cell) ? Number(cell) : null
}

/** `09/24/2020 11:35:16 AM`, or `2020-09-24 11:35:16`. */
function localTimeOf(cell: string): number | null {
  const american = /^(\d\d)\/(\d\d)\/(\d{4}) (\d{1,2}):(\d\d):(\d\d) ([AP])M$/i.exec(cell)
  if (american !== null) {
    const [, month, day, year, hours, minutes, seconds, half] = american
    const inDay = (Number(hours) % 12) + (half?.toUpperCase() === "P" ? 12 : 0)
    return Date.UTC(Number(year), Number(month) - 1, Number(day), inDay, Number(minutes), Number(seconds))
  }
  const plain = /^(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)$/.exec(cell)
  if (plain === null) return null
  const [, year, month, day, hours, minutes, seconds] = plain.map(Number)
  return Date.UTC(year ?? 0, (month ?? 1) - 1, day, hours, minutes, seconds)
}
