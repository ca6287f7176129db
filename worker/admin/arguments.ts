import { dayOf } from "../../shared/protocol/ambient.js"
import { fromBase64Url, fromHex } from "../../shared/protocol/bytes.js"
import { PUBLIC_KEY_BYTES } from "../../shared/protocol/envelope.js"
import { ArchiveError } from "../../shared/protocol/errors.js"
import {
  type AccountId,
  type AssetId,
  formatId,
  type IdKind,
  type IdKinds,
  type MeetingId,
  parseId,
} from "../../shared/protocol/ids.js"
import type { ScopeItem } from "../../shared/server/catalog/holds.js"

/** What the operator types, parsed. Each refuses with `usage`, and says what was wanted. */

const WORDS: Partial<Record<IdKind, string>> = {
  account: "an account",
  meeting: "a meeting",
  asset: "an asset",
  case: "a case",
}

export function readId<Kind extends IdKind>(kind: Kind, text: string): IdKinds[Kind] {
  try {
    return parseId(kind, text)
  } catch (cause) {
    throw new ArchiveError("usage", `${JSON.stringify(text)} is no id of ${WORDS[kind] ?? kind}`, { cause })
  }
}

/** An account, a meeting or an asset, by how its id begins. */
export function readItem(text: string): ScopeItem {
  const kind = ({ acct: "account", mtg: "meeting", asset: "asset" } as const)[text.split("_")[0]?.toLowerCase() ?? ""]
  if (kind === undefined)
    throw new ArchiveError("usage", `${JSON.stringify(text)} is no id of an account, a meeting or an asset`)
  return { kind, id: readId(kind, text) }
}

/** `2027-01-31`, as a day. */
export function readDay(text: string): number {
  const timeMs = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN
  // A 31st of February would come out as another day.
  if (!Number.isFinite(timeMs) || new Date(timeMs).toISOString().slice(0, 10) !== text)
    throw new ArchiveError("usage", `${JSON.stringify(text)} is no day: it is written like 2027-01-31`)
  return dayOf(timeMs)
}

/** A day, which lasts until its end, or a time such as `2027-01-31T16:30Z`. */
export function readTime(text: string): Date {
  if (/^\d{4}-\d{2}-\d{2}$/.test(text)) return new Date((readDay(text) + 1) * 86_400_000 - 1)
  const timeMs = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:\d{2})$/.test(text)
    ? Date.parse(text)
    : Number.NaN
  if (!Number.isFinite(timeMs))
    throw new ArchiveError("usage", `${JSON.stringify(text)} is no time: write 2027-01-31, or 2027-01-31T16:30Z`)
  return new Date(timeMs)
}

export function readChoice<const Choice extends string>(
  choices: readonly Choice[],
  what: string,
  text: string,
): Choice {
  const found = choices.find((choice) => choice === text)
  if (found === undefined) throw new ArchiveError("usage", `${what} is one of ${choices.join(", ")}`)
  return found
}

/** `700MiB`, `4GiB`, as bytes. */
export function readByteSize(text: string): number {
  const [, digits, unit] = /^([1-9][0-9]{0,6})(MiB|GiB)$/.exec(text) ?? []
  if (digits === undefined)
    throw new ArchiveError("usage", `${JSON.stringify(text)} is no size: it is written like 700MiB or 4GiB`)
  return Number(digits) * (unit === "GiB" ? 1 << 30 : 1 << 20)
}

/** In hexadecimal, as verifiers print it, or in base64url, as `/v1/instance` gives it. */
export function readInstanceKey(text: string): Uint8Array {
  if (/^[0-9a-f]{64}$/i.test(text)) return fromHex(text.toLowerCase())
  try {
    const key = fromBase64Url(text)
    if (key.length === PUBLIC_KEY_BYTES) return key
  } catch {
    // Of neither form.
  }
  throw new ArchiveError("usage", "an instance key is 64 hexadecimal digits, or the 43 characters of /v1/instance")
}

export function readCountry(text: string): string {
  if (!/^[A-Za-z]{2}$/.test(text))
    throw new ArchiveError("usage", "a country is two letters of ISO 3166, such as DE or US")
  return text.toUpperCase()
}

/** Free text of the operator's that goes into a record: one line, not empty. */
export function readLine(what: string, text: string): string {
  const line = text.trim()
  if (line === "" || line.length > 300 || /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(line))
    throw new ArchiveError("usage", `${what} is one line of at most 300 characters`)
  return line
}

export function formatItem({ kind, id }: ScopeItem): string {
  switch (kind) {
    case "account":
      return formatId("account", id as AccountId)
    case "meeting":
      return formatId("meeting", id as MeetingId)
    case "asset":
      return formatId("asset", id as AssetId)
  }
}
