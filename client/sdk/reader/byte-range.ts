/** One range; several, or a malformed one, are ignored, as RFC 9110 §14.2 allows. */
export function parseRange(
  header: string | null | undefined,
  sizeBytes: number,
): { readonly start: number; readonly end: number } | "unsatisfiable" | null {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? "")
  const [, first = "", last = ""] = match ?? []
  if (match === null || (first === "" && last === "")) return null
  if (first === "") {
    const count = Math.min(Number(last), sizeBytes)
    return count === 0 ? "unsatisfiable" : { start: sizeBytes - count, end: sizeBytes - 1 }
  }
  const [start, end] = [Number(first), last === "" ? sizeBytes - 1 : Math.min(Number(last), sizeBytes - 1)]
  if (last !== "" && Number(last) < start) return null
  return start >= sizeBytes ? "unsatisfiable" : { start, end }
}
