/** Something that can be found. */
export interface Findable {
  /** Unique in its meeting. */
  readonly id: string
  readonly kind: "meeting" | "recording" | "message" | "caption" | "imported"
  readonly text: string
  /** Names of its files, which are searched too. */
  readonly files: string
  readonly hasFile: boolean
  /** Genesis hash in hexadecimal of who signed it; `null` for what nobody signed as its author. */
  readonly author: string | null
  /** A name that a platform or a transcript wrote. Nobody's account stands behind it. */
  readonly claimedAuthor: string | null
  readonly timeMs: number
  readonly recording: string | null
  /** On the recording's clock. */
  readonly placeMs: number | null
  readonly message: string | null
}

export interface SearchFilter {
  /** An account's id in hexadecimal, or part of a name that a platform wrote. */
  readonly author?: { readonly account: string | null; readonly name: string }
  readonly fromMs?: number
  /** Before this. */
  readonly untilMs?: number
  readonly hasFile?: boolean
}
