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
