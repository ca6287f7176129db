import { dateOf } from "../../shared/protocol/ambient.js"
import { ArchiveError } from "../../shared/protocol/errors.js"
import { parseInviteUrl } from "../../shared/protocol/invite-link.js"
import { type IdKind, type IdKinds, parseId } from "../../shared/protocol/ids.js"

/** An id as a person typed it. @throws {@link ArchiveError} `usage`. */
export function readId<Kind extends IdKind>(kind: Kind, text: string): IdKinds[Kind] {
  try {
    return parseId(kind, text)
  } catch (cause) {
    throw new ArchiveError(
      "usage",
      `${JSON.stringify(text)} is no id of ${kind === "account" ? "an" : "a"} ${kind}: ${cause instanceof Error ? cause.message : ""}`,
      { cause },
    )
  }
}

/** An invite link as a person pasted it. @throws {@link ArchiveError} `usage`, with nothing of it: it is a secret. */
export function readInviteUrl(text: string): ReturnType<typeof parseInviteUrl> {
  try {
    return parseInviteUrl(text.trim())
  } catch (cause) {
    throw new ArchiveError("usage", cause instanceof Error ? cause.message : "", { cause })
  }
}

/** A whole number, 1 or more. @throws {@link ArchiveError} `usage`. */
export function readCount(text: string, what: string): number {
  if (!/^[1-9][0-9]{0,5}$/.test(text)) throw new ArchiveError("usage", `${what} takes a whole number, 1 or more`)
  return Number(text)
}

export interface ByteRange {
  readonly start: number
  /** Inclusive. */
  readonly end: number
}

/** `START-END`, inclusive. @throws {@link ArchiveError} `usage`. */
export function readByteRange(text: string): ByteRange {
  const match = /^(\d{1,15})-(\d{1,15})$/.exec(text)
  const [start, end] = [Number(match?.[1]), Number(match?.[2])]
  if (match === null || start > end)
    throw new ArchiveError(
      "usage",
      `${JSON.stringify(text)} is no range: give START-END, both counted from 0 and inclusive`,
    )
  return { start, end }
}

/** A place in a chat, as lists of it say it. @throws {@link ArchiveError} `usage`. */
export function readPlace(text: string, what: string): number {
  if (!/^(0|[1-9][0-9]{0,14})$/.test(text))
    throw new ArchiveError(
      "usage",
      `${what} takes a place in the chat, a whole number: \`taciturn chat list\` without it says one`,
    )
  return Number(text)
}

/** When a day begins, in UTC, in milliseconds since 1970. @throws {@link ArchiveError} `usage` for what is no day. */
export function readDate(text: string): number {
  const ms = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN
  // The thirtieth of February is no day in March.
  if (Number.isNaN(ms) || dateOf(ms) !== text)
    throw new ArchiveError("usage", `${JSON.stringify(text)} is no date: give YYYY-MM-DD`)
  return ms
}

/** Milliseconds since 1970 of `2026-03-02` or `2026-03-02T10:15`, in UTC unless it says otherwise. @throws {@link ArchiveError} `usage`. */
export function readMoment(text: string): number {
  const match = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2})?)?$/.exec(text)
  const moment = Date.parse(match?.[1] !== undefined && match[3] === undefined ? `${text}Z` : text)
  if (match === null || Number.isNaN(moment))
    throw new ArchiveError("usage", `${JSON.stringify(text)} is no day or time: give 2026-03-02 or 2026-03-02T10:15`)
  return moment
}
