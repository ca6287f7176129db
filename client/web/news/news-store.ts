import type { News } from "../../sdk/activity.js"
import type { WaitingInvitation } from "../../sdk/invitations.js"

/** What came while the app is open, for whichever screen shows it. */
export interface NewsView {
  /** `null` until the inbox was read. */
  readonly invitations: readonly WaitingInvitation[] | null
  /** What kept it from being read. */
  readonly error: unknown
  /** Of invitations that the notice was closed for, by their hash. */
  readonly seenInvitations: readonly string[]
  /** What others changed about who holds keys, oldest first, until it was put aside. */
  readonly told: readonly News[]
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

/** For a client's `onNews`. */
export function tellNews(news: News): void {
  updateNews({ told: [...view.told, news].slice(-MOST_TOLD) })
}
