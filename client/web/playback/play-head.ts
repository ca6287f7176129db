import { parseRange } from "../../sdk/reader/byte-range.js"
import type { PlayHead } from "../service-worker/messages.js"
import { attachmentNamed } from "./content-disposition.js"

/** The bytes that an answer brings, inclusive; `null` where it has no body. */
export interface AnsweredRange {
  readonly start: number
  readonly end: number
}

/** What the browser shows by itself without running anything. The type is what another member said, so others are files. */
const SHOWN = /^(video\/[\w.+-]+|audio\/[\w.+-]+|image\/(jpeg|png|webp|avif|gif)|text\/vtt)(;|$)/

/** The type under which bytes are shown: none under which they would do something in the app's own origin. */
export function shownType(mediaType: string): string {
  return SHOWN.test(mediaType) ? mediaType : "application/octet-stream"
}

/** The head of an answer to a player, by Range (RFC 9110 §14) where it asks for one. */
export function answerHead(
  asset: { readonly sizeBytes: number; readonly mediaType: string },
  asked: { readonly method: string; readonly range: string | null },
  download: string | undefined,
): { readonly head: PlayHead; readonly range: AnsweredRange | null } {
  const { sizeBytes, mediaType } = asset
  const headers = {
    "accept-ranges": "bytes",
    "content-type": shownType(mediaType),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "same-origin",
    // It stands in the app's own origin: opened as a page it may do nothing.
    "content-security-policy": "default-src 'none'; media-src 'self'; sandbox",
    ...(download === undefined ? {} : { "content-disposition": attachmentNamed(download) }),
  }
  const range = parseRange(asked.range, sizeBytes)
  if (range === "unsatisfiable") {
    const refused = { ...headers, "content-range": `bytes */${sizeBytes}`, "content-length": "0" }
    return { head: { kind: "head", status: 416, headers: refused, hasBody: false }, range: null }
  }
  const { start, end } = range ?? { start: 0, end: sizeBytes - 1 }
  const partial = range === null ? {} : { "content-range": `bytes ${start}-${end}/${sizeBytes}` }
  const hasBody = asked.method !== "HEAD" && end >= start
  return {
    head: {
      kind: "head",
      status: range === null ? 200 : 206,
      headers: { ...headers, ...partial, "content-length": String(end - start + 1) },
      hasBody,
    },
    range: hasBody ? { start, end } : null,
  }
}
