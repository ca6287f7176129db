import {
  type KeyboardEvent,
  type ReactElement,
  startTransition,
  useEffect,
  useRef,
  useState,
  useSyncExternalStore,
} from "react"
import { hrefOf } from "../routes.js"
import { useClientState } from "../signed-in/client-context.js"
import { strings } from "../strings.js"
import "../styles/search.css"
import { Action } from "../ui/button.js"
import { Empty } from "../ui/empty.js"
import { Field } from "../ui/field.js"
import { formatCount } from "../ui/format.js"
import { Failure, Notice } from "../ui/notice.js"
import { Page } from "../ui/page.js"
import { Filters } from "./filters.js"
import { IndexStanding } from "./index-standing.js"
import { NOTHING_WANTED, queryOf, type Wanted } from "./query.js"
import { FoundRow } from "./found-row.js"
import { askSearch, attendSearch, restartSearch, searchState, subscribeToSearch } from "./search-link.js"
import type { SearchAnswerPage } from "./search-messages.js"

const texts = strings.search
const PAGE_ROWS = 25

/** What was looked for stays while one looks at what was found; not on the disk. */
let kept = NOTHING_WANTED

/** Searches all meetings, on this device. */
export function Search(): ReactElement {
  const { meetings } = useClientState()
  if (!("Segmenter" in Intl))
    return (
      <Page title={texts.title}>
        <Notice kind="warning" title={texts.tooOld}>
          <p>{texts.tooOldTodo}</p>
        </Notice>
      </Page>
    )
  return (
    <Page title={texts.title} lead={texts.lead}>
      {meetings.length === 0 ? (
        <Empty title={texts.noMeetings}>
          <p>{texts.noMeetingsTodo}</p>
          <div className="actions">
            <a className="action" href={hrefOf({ screen: "meetings" })}>
              {texts.toMeetings}
            </a>
          </div>
        </Empty>
      ) : (
        <Searching />
      )}
    </Page>
  )
}

function Searching(): ReactElement {
  const { view, failure } = useSyncExternalStore(subscribeToSearch, searchState)
  const [wanted, setWanted] = useState(kept)
  const [limit, setLimit] = useState(PAGE_ROWS)
  const list = useRef<HTMLOListElement>(null)
  const field = useRef<HTMLDivElement>(null)
  useAttending()
  const answer = useAnswer(wanted, limit, view?.revision ?? null)
  const want = (changes: Partial<Wanted>): void => {
    kept = { ...wanted, ...changes }
    setWanted(kept)
    setLimit(PAGE_ROWS)
  }
  const isReady = view?.isReady === true
  return (
    <>
      <search className="stack">
        <div ref={field}>
          <Field
            label={texts.words}
            type="search"
            value={wanted.words}
            onChange={(words) => {
              want({ words })
            }}
            onKeyDown={(event) => {
              if (event.key === "ArrowDown" && focusHit(list.current, 0)) event.preventDefault()
            }}
          />
        </div>
        <Filters wanted={wanted} view={view} onWant={want} />
      </search>
      <Failure error={failure}>
        <Action onPress={restartSearch}>{strings.common.tryAgain}</Action>
      </Failure>
      {view === null ? null : <IndexStanding view={view} />}
      <p role="status" className={answer === null || answer.total === 0 ? "visually-hidden" : "faint"}>
        {answer === null ? "" : texts.found(answer.total, formatCount(answer.total), answer.isWhole)}
      </p>
      {queryOf(wanted) === null ? (
        <Empty title={texts.emptyTitle}>
          <ul className="steps">
            {texts.empty.map((step) => (
              <li key={step}>{step}</li>
            ))}
          </ul>
        </Empty>
      ) : answer === null ? null : answer.total === 0 ? (
        <Empty title={texts.nothing}>
          <p>{isReady ? texts.nothingTodo : texts.nothingYet}</p>
        </Empty>
      ) : (
        <>
          <ol
            ref={list}
            className="rows search-results"
            aria-label={texts.results}
            onKeyDown={(event) => {
              moveFocus(event, field.current)
            }}
          >
            {answer.found.map((found) => (
              <FoundRow key={`${found.meetingId.join()} ${found.id}`} found={found} />
            ))}
          </ol>
          {answer.total > answer.found.length || !answer.isWhole ? (
            <div className="actions">
              <Action
                onPress={() => {
                  setLimit(limit + PAGE_ROWS)
                }}
              >
                {texts.more(
                  formatCount(answer.isWhole ? Math.min(PAGE_ROWS, answer.total - answer.found.length) : PAGE_ROWS),
                )}
              </Action>
            </div>
          ) : null}
        </>
      )}
    </>
  )
}

/** What is new is read while this screen is before somebody. */
function useAttending(): void {
  useEffect(() => {
    let leave: (() => void) | null = null
    const look = (): void => {
      if (document.visibilityState === "visible") leave ??= attendSearch()
      else {
        leave?.()
        leave = null
      }
    }
    look()
    document.addEventListener("visibilitychange", look)
    return () => {
      document.removeEventListener("visibilitychange", look)
      leave?.()
    }
  }, [])
}

/** The newest answer to what is wanted; `null` before the first, and where nothing is. @param revision asked again with each. */
function useAnswer(wanted: Wanted, limit: number, revision: number | null): SearchAnswerPage | null {
  const [answer, setAnswer] = useState<SearchAnswerPage | null>(null)
  const query = queryOf(wanted)
  const key = JSON.stringify(query)
  useEffect(() => {
    if (query === null) {
      setAnswer(null)
      return
    }
    if (revision === null) return
    let isWanted = true
    askSearch({
      query,
      limit,
      onAnswer: (page) => {
        // Row by row, between what else is to be drawn.
        startTransition(() => {
          if (isWanted) setAnswer(page)
        })
      },
    })
    return () => {
      isWanted = false
    }
    // The key stands for the query.
  }, [key, limit, revision])
  return query === null ? null : answer
}

function focusHit(list: HTMLElement | null, index: number): boolean {
  const hit = [...(list?.querySelectorAll<HTMLElement>("a.search-hit") ?? [])].at(index)
  hit?.focus()
  return hit !== undefined
}

/** From what was found to the next; above the first is the field. */
function moveFocus(event: KeyboardEvent<HTMLElement>, field: HTMLElement | null): void {
  const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0
  if (step === 0 || !(event.target instanceof HTMLElement)) return
  const row = event.target.closest("li")
  const rows = [...event.currentTarget.children]
  const next = row === null ? -1 : rows.indexOf(row) + step
  event.preventDefault()
  if (next < 0) field?.querySelector("input")?.focus()
  else if (next < rows.length) focusHit(event.currentTarget, next)
}
