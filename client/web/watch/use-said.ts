import { useCallback, useEffect, useState } from "react"

const SHOWN_MS = 1_500

/** A word on what was just done, for a moment. */
export function useSaid(): readonly [said: string | null, say: (text: string) => void] {
  const [said, setSaid] = useState<{ readonly text: string } | null>(null)
  useEffect(() => {
    if (said === null) return
    const timer = setTimeout(() => {
      setSaid(null)
    }, SHOWN_MS)
    return () => {
      clearTimeout(timer)
    }
  }, [said])
  const say = useCallback((text: string) => {
    setSaid({ text })
  }, [])
  return [said?.text ?? null, say]
}
