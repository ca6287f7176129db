import { useEffect, useState } from "react"

/** What `read` gives, looked at again and again. */
export function useEvery<T>(read: () => T, periodMs: number): T {
  const [value, setValue] = useState(read)
  useEffect(() => {
    const timer = setInterval(() => {
      setValue(read)
    }, periodMs)
    return () => {
      clearInterval(timer)
    }
  }, [read, periodMs])
  return value
}
