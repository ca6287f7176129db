import "../platform/without-eval.js"
import { ArchiveError, isArchiveError } from "../../../shared/protocol/errors.js"
import { asTold } from "../news/news-store.js"
import { createWorkerClient } from "../platform/worker-client.js"
import { SearchIndex } from "./search-index.js"
import type { SearchAnswer, SearchRequest } from "./search-messages.js"

/** The other end of search-link.ts: reads what is new, and answers what is asked, beside the page. */

/** Between two rounds through all meetings, while somebody searches: at least, and for each of them, as the server's limits are for all that a person does. */
const ROUND_MS = 10_000
const MEETING_MS = 1_000

const post = (answer: SearchAnswer): void => {
  self.postMessage(answer, {})
}
const stopped = new AbortController()
let wake = (): void => undefined
let isAttended = false

const opening = open()
opening.catch((error: unknown) => {
  fail(error)
})

async function open(): Promise<SearchIndex> {
  const client = await createWorkerClient({
    // A device that forgot its account searches nothing of it any more.
    onForgotten: () => {
      stopped.abort()
      self.close()
    },
    onNews: (news) => {
      post({ kind: "news", news: asTold(news) })
    },
  })
  if (client === null) throw new ArchiveError("not-found", "this browser holds no account any more")
  return await SearchIndex.open(client, (view) => {
    post({ kind: "view", view })
  })
}

self.addEventListener("message", ({ data }: MessageEvent<SearchRequest>) => {
  if (data.kind === "attend") {
    isAttended = data.isAttended
    wake()
    return
  }
  opening.then(
    (index) => {
      post({ kind: "answer", id: data.id, page: index.ask(data.query, data.limit) })
    },
    () => undefined,
  )
})

async function follow(): Promise<void> {
  const index = await opening
  while (!stopped.signal.aborted) {
    if (isAttended) {
      try {
        await index.bringUpToDate(stopped.signal)
      } catch (error) {
        if (!isArchiveError(error) || !error.retryable) throw error
      } finally {
        if (!index.isSpent || index.isWhole) index.rest()
      }
      // Nothing makes a worker that rests collect what it is done with.
      if (index.isSpent) {
        post({ kind: "spent", isWhole: index.isWhole })
        return
      }
    }
    // Where it can't be kept it is read again.
    if (!isAttended) await index.keepAll().catch(() => undefined)
    await new Promise<void>((resolve) => {
      wake = resolve
      if (isAttended) setTimeout(resolve, Math.max(ROUND_MS, index.meetings * MEETING_MS))
    })
  }
}

follow().catch((error: unknown) => {
  if (!stopped.signal.aborted) fail(error)
})

function fail(error: unknown): void {
  const isKnown = isArchiveError(error)
  post({ kind: "failed", code: isKnown ? error.code : "internal", message: isKnown ? error.message : String(error) })
}
