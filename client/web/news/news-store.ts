import { toHex } from "../../../shared/protocol/bytes.js"
import type { MeetingLog } from "../../crypto/meeting-log.js"
import type { AccountChange, MeetingChange, News } from "../../sdk/activity.js"
import type { WaitingInvitation } from "../../sdk/invitations.js"

/** News with so much of their meeting as is shown: a worker can tell of them. */
export type ToldNews =
  | {
      readonly of: "meeting"
      readonly log: Pick<MeetingLog, "meetingId" | "recordings"> & { readonly current: { readonly title: string } }
      readonly change: MeetingChange
    }
  | { readonly of: "account"; readonly change: AccountChange }

/** What came while the app is open, for whichever screen shows it. */
export interface NewsView {
  /** `null` until the inbox was read. */
  readonly invitations: readonly WaitingInvitation[] | null
  /** What kept it from being read. */
  readonly error: unknown
  /** Of invitations that the notice was closed for, by their hash. */
  readonly seenInvitations: readonly string[]
  /** What others changed about who holds keys, oldest first, until it was put aside. */
  readonly told: readonly ToldNews[]
}

/** More are in each meeting's activity. */
const MOST_TOLD = 50

let view: NewsView = { invitations: null, error: null, seenInvitations: [], told: [] }
const listeners = new Set<() => void>()

export function newsView(): NewsView {
  return view
}

export function subscribeToNews(listener: () => void): () => void {
  listeners.add(listener)
  return () => {
    listeners.delete(listener)
  }
}

export function updateNews(change: Partial<NewsView>): void {
  view = { ...view, ...change }
  for (const listener of listeners) listener()
}

/** What can be told of news from a worker. */
export function asTold(news: News): ToldNews {
  if (news.of === "account") return news
  const { meetingId, recordings, current } = news.log
  return { of: "meeting", log: { meetingId, recordings, current: { title: current.title } }, change: news.change }
}

const everTold = new Set<string>()

/** For a client's `onNews`. A page and its workers read the same logs, each for itself: what one of them told is not told again. */
export function tellNews(news: ToldNews): void {
  const key = keyOf(news)
  if (everTold.has(key)) return
  everTold.add(key)
  updateNews({ told: [...view.told, news].slice(-MOST_TOLD) })
}

function keyOf(news: ToldNews): string {
  const { kind, seq } = news.change
  const about = "about" in news.change ? toHex(news.change.about) : ""
  return [news.of === "meeting" ? toHex(news.log.meetingId) : "", seq, kind, about].join()
}
