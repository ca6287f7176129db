import { type ReactElement, useEffect, useState } from "react"
import type { Client } from "../../sdk/client.js"
import { strings } from "../strings.js"

const LOOK_MS = 300

/** How many meetings are still to be given new keys, while they are. */
export function RekeyProgress({ client: { state } }: { readonly client: Client }): ReactElement {
  const [left, setLeft] = useState(state.current.pendingRekeys.length)
  useEffect(() => {
    const timer = setInterval(() => {
      setLeft(state.current.pendingRekeys.length)
    }, LOOK_MS)
    return () => {
      clearInterval(timer)
    }
  }, [state])
  return (
    <p role="status" className="hint">
      {left === 0 ? strings.common.loading : strings.account.rekeying(left)}
    </p>
  )
}
