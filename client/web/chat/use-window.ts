import { type RefObject, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react"
import type { ChatRow } from "./rows.js"

/** Rows that are laid out at first, that are added at an edge, and that are there at most. */
const FIRST_ROWS = 80
const MORE_ROWS = 60
const MOST_ROWS = 240
/** So near to an edge the next rows are laid out. */
const NEAR_PX = 900
/** Somebody who is so near to the end follows what comes. */
const AT_END_PX = 48

interface Edges {
  /** Keys of the first and the last row that are laid out; `null`: as many as at first, and to the newest. */
  readonly top: string | null
  readonly bottom: string | null
}

export interface RowWindow {
  readonly scroller: RefObject<HTMLDivElement | null>
  readonly shown: readonly ChatRow[]
  /** Whether the newest is before somebody's eyes, and stays so. */
  readonly isAtEnd: boolean
  readonly toNewest: () => void
  /** Brings a row before somebody's eyes, and gives it the focus. */
  readonly goTo: (key: string) => void
}

export interface GoingBack {
  /** More rows are laid out above. */
  readonly onUp: () => void
  /** The first row of all is near: what is before is wanted. */
  readonly onTop: () => void
}

/**
 * Of many rows those around the ones that are looked at: what stands before somebody's eyes stays where it is, whatever is laid out above it or comes below.
 * @param startKey where it is opened; `null`: at its end.
 */
export function useWindow(rows: readonly ChatRow[], startKey: string | null, goingBack: GoingBack): RowWindow {
  const scroller = useRef<HTMLDivElement>(null)
  const [edges, setEdges] = useState<Edges>({ top: null, bottom: null })
  const [isAtEnd, setAtEnd] = useState(true)
  /** What stands at the upper edge, and how far below it. */
  const anchor = useRef<{ readonly key: string; readonly offsetPx: number } | null>(null)
  const sticks = useRef(true)
  const wanted = useRef<{ readonly key: string; readonly isStart: boolean } | null>(null)
  const hasBegun = useRef(false)
  const newest = useRef({ rows, goingBack })
  newest.current = { rows, goingBack }
  const { from, until } = rangeOf(rows, edges)
  const range = useRef({ from, until })
  range.current = { from, until }
  const shown = useMemo(() => rows.slice(from, until), [rows, from, until])

  const look = useCallback(() => {
    const box = scroller.current
    if (box === null) return
    const { scrollTop, scrollHeight, clientHeight } = box
    const belowPx = scrollHeight - scrollTop - clientHeight
    const current = newest.current.rows
    const at = range.current
    const isEnd = at.until === current.length && belowPx < AT_END_PX
    sticks.current = isEnd
    setAtEnd(isEnd)
    anchor.current = anchorOf(box)
    if (isEnd && at.until - at.from > MOST_ROWS) setEdges({ top: null, bottom: null })
    else if (scrollTop < NEAR_PX) {
      const { onTop, onUp } = newest.current.goingBack
      if (at.from === 0) onTop()
      else {
        onUp()
        const next = Math.max(0, at.from - MORE_ROWS)
        const last = Math.min(at.until, next + MOST_ROWS)
        setEdges({ top: keyAt(current, next), bottom: last === current.length ? null : keyAt(current, last - 1) })
      }
    } else if (belowPx < NEAR_PX && at.until < current.length) {
      const last = Math.min(current.length, at.until + MORE_ROWS)
      const next = Math.max(at.from, last - MOST_ROWS)
      setEdges({ top: keyAt(current, next), bottom: last === current.length ? null : keyAt(current, last - 1) })
    }
  }, [])

  const bring = useCallback((key: string, isStart: boolean) => {
    const current = newest.current.rows
    const at = current.findIndex((row) => row.key === key)
    if (at < 0) return
    wanted.current = { key, isStart }
    sticks.current = false
    const last = Math.min(current.length, at + MORE_ROWS)
    setEdges({
      top: keyAt(current, Math.max(0, at - MORE_ROWS)),
      bottom: last === current.length ? null : keyAt(current, last - 1),
    })
  }, [])

  useLayoutEffect(() => {
    const box = scroller.current
    if (box === null) return
    if (!hasBegun.current && rows.length > 0) {
      hasBegun.current = true
      if (startKey !== null) bring(startKey, true)
    }
    const goal = wanted.current === null ? null : rowOf(box, wanted.current.key)
    if (goal !== null) {
      if (wanted.current?.isStart === true) box.scrollTop = goal.offsetTop
      else {
        box.scrollTop = goal.offsetTop - (box.clientHeight - goal.offsetHeight) / 2
        goal.focus({ preventScroll: true })
      }
      wanted.current = null
    } else if (sticks.current) box.scrollTop = box.scrollHeight
    else if (anchor.current !== null) {
      const row = rowOf(box, anchor.current.key)
      if (row !== null) box.scrollTop = row.offsetTop - anchor.current.offsetPx
    }
    anchor.current = anchorOf(box)
  }, [rows, edges])
  // What was laid out or came may leave an edge near, where nobody can scroll to.
  useEffect(look, [rows, edges, look])

  useEffect(() => {
    const box = scroller.current
    const list = box?.firstElementChild
    if (box === null || list == null) return
    const keepEnd = (): void => {
      if (sticks.current) box.scrollTop = box.scrollHeight
      // A short list has its beginning before somebody's eyes at once.
      look()
    }
    const observer = new ResizeObserver(keepEnd)
    observer.observe(list)
    observer.observe(box)
    box.addEventListener("scroll", look, { passive: true })
    return () => {
      observer.disconnect()
      box.removeEventListener("scroll", look)
    }
  }, [look])

  const toNewest = useCallback(() => {
    sticks.current = true
    setAtEnd(true)
    setEdges({ top: null, bottom: null })
  }, [])
  const goTo = useCallback(
    (key: string) => {
      bring(key, false)
    },
    [bring],
  )
  return { scroller, shown, isAtEnd, toNewest, goTo }
}

function rangeOf(rows: readonly ChatRow[], { top, bottom }: Edges): { readonly from: number; readonly until: number } {
  const last = bottom === null ? -1 : rows.findIndex(({ key }) => key === bottom)
  const until = last < 0 ? rows.length : last + 1
  const first = top === null ? -1 : rows.findIndex(({ key }) => key === top)
  return { from: first < 0 || first >= until ? Math.max(0, until - FIRST_ROWS) : first, until }
}

function keyAt(rows: readonly ChatRow[], index: number): string | null {
  return rows[index]?.key ?? null
}

function rowsIn(box: HTMLElement): readonly HTMLElement[] {
  return [...box.querySelectorAll<HTMLElement>("[data-row]")]
}

function rowOf(box: HTMLElement, key: string): HTMLElement | null {
  return rowsIn(box).find((row) => row.dataset["row"] === key) ?? null
}

/** A day's line may go as what is before it comes. */
function anchorOf(box: HTMLElement): { readonly key: string; readonly offsetPx: number } | null {
  const first = rowsIn(box).find(
    (row) => !row.matches(".chat-row-day") && row.offsetTop + row.offsetHeight > box.scrollTop,
  )
  return first === undefined ? null : { key: first.dataset["row"] ?? "", offsetPx: first.offsetTop - box.scrollTop }
}
