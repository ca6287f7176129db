import { ArchiveError } from "../../../shared/protocol/errors.js"

/** Milliseconds of `90`, `1:30` or `1:02:03.5`. @throws {@link ArchiveError} `usage`. */
export function readTime(text: string): number {
  const match = /^(?:(?:(\d{1,4}):)?([0-5]?\d):(?=[0-5]\d))?(\d{1,6}(?:\.\d{1,3})?)$/.exec(text)
  if (match === null) throw new ArchiveError("usage", `${JSON.stringify(text)} is no time: give 90, 1:30 or 1:02:03.5`)
  const [hours, minutes, seconds] = [Number(match[1] ?? 0), Number(match[2] ?? 0), Number(match[3])]
  return Math.round(((hours * 60 + minutes) * 60 + seconds) * 1_000)
}
