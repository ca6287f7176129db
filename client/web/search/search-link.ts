import { ArchiveError } from "../../../shared/protocol/errors.js"
import { tellNews } from "../news/news-store.js"
import { trustedScriptUrl } from "../platform/trusted-urls.js"
import type { IndexView, SearchAnswer, SearchAnswerPage, SearchQuery, SearchRequest } from "./search-messages.js"
import workerUrl from "./search-worker.ts?worker&url"

/** The page's end of the search worker, which starts when somebody first searches. */

export interface SearchState {
  /** `null` until what was kept is open. */
  readonly view: IndexView | null
  /** What ended the worker. */
  readonly failure: unknown
}

/** What is held in memory is let go of so long after nobody searches any more. */
const IDLE_MS = 5 * 60_000
/** Nobody is in the midst of typing who asked nothing for so long. */
const QUIET_MS = 5_000

interface Asked {
  readonly query: SearchQuery
  readonly limit: number
  readonly onAnswer: (page: SearchAnswerPage) => void
}

const NOTHING: SearchState = { view: null, failure: null }

let worker: Worker | null = null
let state = NOTHING
let attending = 0
let idle: ReturnType<typeof setTimeout> | undefined
/** Set while a worker is to make room for another. */
let quiet: ReturnType<typeof setTimeout> | undefined
/** What the worker works on, and what was asked since: of several the newest alone. */
let asked: { readonly id: number; readonly what: Asked } | null = null
let waiting: Asked | null = null
let lastId = 0
let lastAskedMs = Number.NEGATIVE_INFINITY
/** How it stood with the worker before, where this one takes what that kept. */
let before: IndexView | null = null
const listeners = new Set<() => void>()

export function searchState(): SearchState {
  return state
}

export function subscribeToSearch(listener: () => void): () => void {
  listeners.add(listener)
  return () => {
    listeners.delete(listener)
  }
}

/** Somebody searches: what is new is read as it comes. @returns what ends it. */
export function attendSearch(): () => void {
  attending += 1
  clearTimeout(idle)
  post({ kind: "attend", isAttended: true })
  return () => {
    attending -= 1
    if (attending > 0) return
    post({ kind: "attend", isAttended: false })
    letGoLater()
  }
}

/** Asks for the first of what has all of a query. Where another is asked before this is answered, it never is. */
export function askSearch(what: Asked): void {
  waiting = what
  lastAskedMs = performance.now()
  askNext()
  if (quiet !== undefined) replaceIn(QUIET_MS)
}

/** After a failure. */
export function restartSearch(): void {
  end(null)
  if (attending > 0) post({ kind: "attend", isAttended: true })
}

function askNext(): void {
  if (asked !== null || waiting === null) return
  asked = { id: ++lastId, what: waiting }
  waiting = null
  const { query, limit } = asked.what
  post({ kind: "ask", id: asked.id, query, limit })
}

function post(request: SearchRequest): void {
  worker ??= start()
  worker.postMessage(request)
}

/** What is being read for the first time is read to its end. */
function letGoLater(): void {
  idle = setTimeout(() => {
    if (state.view?.round == null) end(null)
    else letGoLater()
  }, IDLE_MS)
}

function end(failure: unknown): void {
  clearTimeout(quiet)
  quiet = undefined
  worker?.terminate()
  worker = null
  asked = null
  before = null
  show({ view: null, failure })
}

/** What is asked while another worker opens what was kept waits for that. */
function replaceIn(delayMs: number): void {
  clearTimeout(quiet)
  quiet = setTimeout(replace, delayMs)
}

/** Another worker goes on, with what was asked. */
function replace(): void {
  quiet = undefined
  worker?.terminate()
  worker = null
  before = state.view
  if (attending > 0) post({ kind: "attend", isAttended: true })
  if (asked !== null) post({ kind: "ask", id: asked.id, query: asked.what.query, limit: asked.what.limit })
}

function start(): Worker {
  const started = new Worker(trustedScriptUrl(workerUrl), { type: "module" })
  started.addEventListener("message", ({ data }: MessageEvent<SearchAnswer>) => {
    if (worker === started) take(data)
  })
  for (const kind of ["error", "messageerror"])
    started.addEventListener(kind, (event) => {
      event.preventDefault()
      if (worker === started) end(new ArchiveError("unsupported", "the browser ended what searches beside the page"))
    })
  return started
}

function take(answer: SearchAnswer): void {
  switch (answer.kind) {
    case "view":
      if (before !== null && answer.view.round !== null) before = { ...before, round: null }
      show({ view: before === null ? answer.view : continued(before, answer.view), failure: null })
      break
    case "spent":
      // Nobody waits for the first who asked nothing meanwhile.
      replaceIn(answer.isWhole ? QUIET_MS : Math.max(0, lastAskedMs + QUIET_MS - performance.now()))
      break
    case "news":
      tellNews(answer.news)
      break
    case "failed":
      end(new ArchiveError(answer.code, answer.message, { retryable: false }))
      break
    case "answer": {
      if (asked?.id !== answer.id) return
      const { onAnswer } = asked.what
      asked = null
      if (waiting === null) onAnswer(answer.page)
      askNext()
    }
  }
}

/** As it stands with a worker that goes on where another was, so that nobody sees it begin. */
function continued(before: IndexView, view: IndexView): IndexView {
  return {
    ...view,
    isReady: view.isReady || before.isReady,
    round: view.round ?? before.round,
    revision: before.revision + view.revision,
  }
}

function show(next: SearchState): void {
  state = next
  for (const listener of listeners) listener()
}
