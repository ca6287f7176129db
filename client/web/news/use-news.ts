import { useSyncExternalStore } from "react"
import { newsView, type NewsView, subscribeToNews } from "./news-store.js"

export function useNews(): NewsView {
  return useSyncExternalStore(subscribeToNews, newsView)
}
