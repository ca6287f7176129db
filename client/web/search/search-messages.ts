import type { ErrorCode } from "../../../shared/protocol/errors.js"
import type { MeetingId } from "../../../shared/protocol/ids.js"
import type { FoundInMeeting } from "../../sdk/search/find.js"
import type { ToldNews } from "../news/news-store.js"

/** What a page and its search worker say to each other. */

export interface SearchQuery {
  readonly words: string
  /** A meeting's hash in hexadecimal; `null`: all. */
  readonly meeting: string | null
  readonly author: { readonly account: string | null; readonly name: string } | null
  readonly fromMs: number | null
  /** Before this. */
  readonly untilMs: number | null
  readonly hasFile: boolean
}

export type SearchRequest =
  /** Whether somebody is searching: while they are, what is new is looked for. */
  | { readonly kind: "attend"; readonly isAttended: boolean }
  | { readonly kind: "ask"; readonly id: number; readonly query: SearchQuery; readonly limit: number }

export interface SearchAnswerPage {
  readonly found: readonly FoundInMeeting[]
  readonly total: number
  /** Whether that is all; else what was read last was searched, and there is more in what was read before. */
  readonly isWhole: boolean
}

/** A meeting that could not be brought up to date; what was read of it before is searched. */
export interface Unread {
  readonly meetingId: MeetingId
  readonly title: string | null
  readonly code: ErrorCode
}

/** How the index stands. */
export interface IndexView {
  /** Whether every meeting was read, as far as it can be. */
  readonly isReady: boolean
  /** What of this round is done; `null` between rounds. */
  readonly round: {
    readonly meetings: number
    readonly allMeetings: number
    /** Of the meeting that is being read. */
    readonly messages: number
    readonly recordings: number
  } | null
  /** Whether no server answered. */
  readonly isAway: boolean
  readonly unread: readonly Unread[]
  /** Recordings whose captions could not be had; they are tried again. */
  readonly withoutCaptions: number
  /** Genesis hashes in hexadecimal of everybody who wrote something. */
  readonly accounts: readonly string[]
  /** Names in what was imported and transcribed. */
  readonly claimed: readonly string[]
  /** Grows with each change of what can be found. */
  readonly revision: number
}

export type SearchAnswer =
  | { readonly kind: "view"; readonly view: IndexView }
  | { readonly kind: "answer"; readonly id: number; readonly page: SearchAnswerPage }
  | { readonly kind: "news"; readonly news: ToldNews }
  /** It read much and kept it: another one in its place takes less memory. */
  | {
      readonly kind: "spent"
      /** Whether it has all that it kept; else that other one is needed to find it, and to read what is left. */
      readonly isWhole: boolean
    }
  | { readonly kind: "failed"; readonly code: ErrorCode; readonly message: string }
