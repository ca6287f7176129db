/** What of a stream is asked for, by `Range` (RFC 9110 §14). */
export type RequestedRange =
  | { readonly kind: "all" }
  | { readonly kind: "part"; readonly start: number; readonly end: number }
  | { readonly kind: "unsatisfiable" }

/**
 * Reads one range of bytes: `a-b`, `a-` or `-n`. A header of another unit or syntax is ignored, as RFC 9110 §14.2 asks.
 * Several ranges at once are not offered: no reader of sealed segments needs them.
 */
export function parseRange(header: string | undefined, sizeBytes: number): RequestedRange {
  const match = /^bytes=\s*(.+)$/i.exec(header ?? "")
  if (match === null) return { kind: "all" }
  if (match[1]?.includes(",") === true) return { kind: "unsatisfiable" }
  const [, first, last] = /^(\d*)-(\d*)\s*$/.exec(match[1] ?? "") ?? []
  if (first === undefined || last === undefined || (first === "" && last === "")) return { kind: "all" }
  if (first === "") {
    const count = Math.min(Number(last), sizeBytes)
    return count === 0 ? { kind: "unsatisfiable" } : { kind: "part", start: sizeBytes - count, end: sizeBytes - 1 }
  }
  const start = Number(first)
  const end = last === "" ? sizeBytes - 1 : Math.min(Number(last), sizeBytes - 1)
  if (last !== "" && Number(last) < start) return { kind: "all" }
  return start >= sizeBytes ? { kind: "unsatisfiable" } : { kind: "part", start, end }
}
