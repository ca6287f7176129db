import {
  createContext,
  type ReactElement,
  type ReactNode,
  useContext,
  useEffect,
  useState,
  useSyncExternalStore,
} from "react"
import { useClient } from "../signed-in/client-context.js"
import { RecordingManager, type RecordingsView } from "./recording-manager.js"

const RecordingsContext = createContext<RecordingManager | null>(null)

/** What this tab records and finishes, which goes on whatever screen is shown. */
export function RecordingsProvider({ children }: { readonly children: ReactNode }): ReactElement {
  const client = useClient()
  const [manager] = useState(() => new RecordingManager(client))
  useEffect(() => {
    // Another tab that recorded may be gone by the time that somebody looks here again.
    const look = (): void => {
      if (document.visibilityState === "visible") void manager.restore()
    }
    look()
    document.addEventListener("visibilitychange", look)
    return () => {
      document.removeEventListener("visibilitychange", look)
    }
  }, [manager])
  return <RecordingsContext value={manager}>{children}</RecordingsContext>
}

export function useRecordingManager(): RecordingManager {
  const manager = useContext(RecordingsContext)
  if (manager === null) throw new Error("no recordings: this is shown outside of what stays around the screens")
  return manager
}

export function useRecordings(): RecordingsView {
  const manager = useRecordingManager()
  return useSyncExternalStore(manager.subscribe, () => manager.view)
}
