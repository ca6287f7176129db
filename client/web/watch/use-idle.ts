import { useEffect, useState } from "react"

const IDLE_MS = 3_000
const SIGNS = ["pointermove", "pointerdown", "keydown", "focusin"] as const

/** Whether nobody did anything in a part of the page for a while, looked at while `isWatched`. */
export function useIdle(part: HTMLElement | null, isWatched: boolean): boolean {
  const [isIdle, setIdle] = useState(false)
  useEffect(() => {
    if (part === null || !isWatched) return
    let timer: ReturnType<typeof setTimeout>
    const wake = (): void => {
      clearTimeout(timer)
      setIdle(false)
      timer = setTimeout(() => {
        setIdle(true)
      }, IDLE_MS)
    }
    wake()
    for (const sign of SIGNS) part.addEventListener(sign, wake)
    return () => {
      clearTimeout(timer)
      setIdle(false)
      for (const sign of SIGNS) part.removeEventListener(sign, wake)
    }
  }, [part, isWatched])
  return isIdle
}
