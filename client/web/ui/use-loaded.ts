import { type DependencyList, startTransition, useCallback, useEffect, useState } from "react"
import { isArchiveError } from "../../../shared/protocol/errors.js"

export type Loaded<T> =
  | { readonly state: "loading"; readonly value: null; readonly error: null }
  | { readonly state: "ready"; readonly value: T; readonly error: null }
  | { readonly state: "failed"; readonly value: null; readonly error: unknown }

const LOADING = { state: "loading", value: null, error: null } as const

/** What `load` gives, again whenever `inputs` change or `reload` is called. An older answer never overtakes a newer one. */
export function useLoaded<T>(
  load: (signal: AbortSignal) => Promise<T>,
  inputs: DependencyList,
): Loaded<T> & { readonly reload: () => void } {
  const [loaded, setLoaded] = useState<Loaded<T>>(LOADING)
  const [turn, setTurn] = useState(0)
  useEffect(() => {
    const stopped = new AbortController()
    load(stopped.signal).then(
      (value) => {
        if (stopped.signal.aborted) return
        // What is drawn of it may be long: the page answers meanwhile.
        startTransition(() => {
          setLoaded({ state: "ready", value, error: null })
        })
      },
      (error: unknown) => {
        const wasStopped = isArchiveError(error) && error.code === "interrupted" && stopped.signal.aborted
        if (!wasStopped && !stopped.signal.aborted) setLoaded({ state: "failed", value: null, error })
      },
    )
    return () => {
      stopped.abort()
    }
    // `load` is made anew at every render: what it depends on is named by the caller.
  }, [...inputs, turn])
  const reload = useCallback(() => {
    setTurn((count) => count + 1)
  }, [])
  return { ...loaded, reload }
}
