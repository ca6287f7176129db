import { useCallback, useEffect, useRef, useState } from "react"

export interface Task {
  readonly isBusy: boolean
  /** What the last run threw; `null` while it runs and where it succeeded. */
  readonly error: unknown
  /** Runs it, unless it runs already. */
  readonly run: () => void
  readonly forget: () => void
}

/** Something that a press begins: whether it runs, and what became of it. */
export function useTask(work: () => Promise<unknown>): Task {
  const [isBusy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>(null)
  const latest = useRef(work)
  const running = useRef(false)
  useEffect(() => {
    latest.current = work
  })
  const run = useCallback(() => {
    if (running.current) return
    running.current = true
    setBusy(true)
    setError(null)
    latest
      .current()
      .catch((reason: unknown) => {
        setError(reason)
      })
      .finally(() => {
        running.current = false
        setBusy(false)
      })
  }, [])
  const forget = useCallback(() => {
    setError(null)
  }, [])
  return { isBusy, error, run, forget }
}
