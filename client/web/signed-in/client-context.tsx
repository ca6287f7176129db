import { createContext, type ReactElement, type ReactNode, useContext, useEffect, useState } from "react"
import type { Client } from "../../sdk/client.js"
import type { ClientState } from "../../sdk/state.js"

const ClientContext = createContext<Client | null>(null)

export function ClientProvider({
  client,
  children,
}: {
  readonly client: Client
  readonly children: ReactNode
}): ReactElement {
  return <ClientContext value={client}>{children}</ClientContext>
}

/** This device's client. Only below {@link ClientProvider}, which stands once there is an account. */
export function useClient(): Client {
  const client = useContext(ClientContext)
  if (client === null) throw new Error("no client: this is shown to somebody without an account")
  return client
}

const LOOK_MS = 500

/** This device's state, followed: what other calls, and other tabs, make of it is shown soon. */
export function useClientState(): ClientState {
  const { state } = useClient()
  const [current, setCurrent] = useState(state.current)
  useEffect(() => {
    const look = (): void => {
      setCurrent(state.current)
    }
    look()
    const timer = setInterval(look, LOOK_MS)
    return () => {
      clearInterval(timer)
    }
  }, [state])
  return current
}
