import type { SearchQuery } from "./search-messages.js"

/** What somebody looks for, as the fields hold it. */
export interface Wanted {
  readonly words: string
  /** A meeting's hash in hexadecimal; "": all. */
  readonly meeting: string
  readonly author: Author | null
  /** As date fields write them; "" where none is. */
  readonly fromDay: string
  readonly untilDay: string
  readonly hasFile: boolean
}

export type Author =
  | { readonly of: "account"; readonly genesisHash: string }
  /** A name that a platform or a transcript wrote. */
  | { readonly of: "claimed"; readonly name: string }

export const NOTHING_WANTED: Wanted = {
  words: "",
  meeting: "",
  author: null,
  fromDay: "",
  untilDay: "",
  hasFile: false,
}

/** `null` where nothing is looked for. A meeting alone is no question yet. */
export function queryOf({ words, meeting, author, fromDay, untilDay, hasFile }: Wanted): SearchQuery | null {
  const [fromMs, untilMs] = [dayStart(fromDay, 0), dayStart(untilDay, 1)]
  if (words.trim() === "" && author === null && fromMs === null && untilMs === null && !hasFile) return null
  return {
    words,
    meeting: meeting === "" ? null : meeting,
    author:
      author === null
        ? null
        : author.of === "account"
          ? { account: author.genesisHash, name: "" }
          : { account: null, name: author.name },
    fromMs,
    untilMs,
    hasFile,
  }
}

/** When a day, or one so many days later, begins here. */
function dayStart(day: string, later: number): number | null {
  const parts = /^(\d{4,6})-(\d\d)-(\d\d)$/.exec(day)
  if (parts === null) return null
  const date = new Date(Number(parts[1]), Number(parts[2]) - 1, Number(parts[3]) + later)
  return Number.isNaN(date.getTime()) ? null : date.getTime()
}
