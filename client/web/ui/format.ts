import { isDate } from "../../../shared/protocol/ambient.js"

/** Numbers, times and dates as the reader's locale writes them. */

const DAY_MS = 86_400_000
const MS_PER_S = 1000
const S_PER_MIN = 60
const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const

/** Made once, as they are slow to make: a chat's page of messages has hundreds of times. */
const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" })
const MOMENT = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" })
const TIME = new Intl.DateTimeFormat(undefined, { timeStyle: "short" })
/** Of a time or a day that is no date, since what others signed may be any number. */
const MILLISECONDS = new Intl.NumberFormat(undefined, { style: "unit", unit: "millisecond", unitDisplay: "long" })
const DAYS = new Intl.NumberFormat(undefined, { style: "unit", unit: "day", unitDisplay: "long" })
const UTC_DAY = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeZone: "UTC" })
const COUNT = new Intl.NumberFormat()

/** Number and unit stand in one line. */
export function formatBytes(sizeBytes: number): string {
  const power = sizeBytes < 1 ? 0 : Math.min(Math.floor(Math.log10(sizeBytes) / 3), UNITS.length - 1)
  const value = sizeBytes / 1000 ** power
  const format = new Intl.NumberFormat(undefined, {
    style: "unit",
    unit: UNITS[power] ?? "byte",
    // Its short form has no plural.
    unitDisplay: power === 0 ? "long" : "short",
    maximumFractionDigits: power === 0 || value >= 100 ? 0 : 1,
  })
  return unbroken(format.format(value))
}

/** `1:02:03`, `2:03`, as players write it. */
export function formatDuration(durationMs: number): string {
  const seconds = Math.max(0, Math.floor(durationMs / MS_PER_S))
  const [hours, minutes, rest] = [
    Math.floor(seconds / S_PER_MIN / S_PER_MIN),
    Math.floor(seconds / S_PER_MIN) % S_PER_MIN,
    seconds % S_PER_MIN,
  ]
  const two = (value: number): string => String(value).padStart(2, "0")
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`
}

export function formatDay(timeMs: number): string {
  return formatDate(DAY, timeMs)
}

export function formatMoment(timeMs: number): string {
  return formatDate(MOMENT, timeMs)
}

/** `14:32`, of today. */
export function formatTime(timeMs: number): string {
  return formatDate(TIME, timeMs)
}

function formatDate(format: Intl.DateTimeFormat, timeMs: number): string {
  return isDate(timeMs) ? format.format(timeMs) : MILLISECONDS.format(timeMs)
}

/** A day by its number since 1970, which the protocol counts in UTC. */
export function formatDayNumber(day: number): string {
  return isDate(day * DAY_MS) ? UTC_DAY.format(day * DAY_MS) : DAYS.format(day)
}

export function formatCount(count: number): string {
  return COUNT.format(count)
}

/** `3 minutes`, of a time that is left, in one line. */
export function formatTimeLeft(leftMs: number): string {
  const seconds = Math.max(1, Math.round(leftMs / MS_PER_S))
  const [value, unit] =
    seconds < 90
      ? [seconds, "second"]
      : seconds < 5400
        ? [Math.round(seconds / 60), "minute"]
        : [Math.round(seconds / 3600), "hour"]
  return unbroken(new Intl.NumberFormat(undefined, { style: "unit", unit, unitDisplay: "long" }).format(value))
}

function unbroken(text: string): string {
  return text.replaceAll(" ", "\u00a0")
}
