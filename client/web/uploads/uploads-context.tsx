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
import { UploadManager } from "./upload-manager.js"
import type { UploadView } from "./upload-view.js"

const UploadsContext = createContext<UploadManager | null>(null)

/** The tab's uploads, which go on whatever screen is shown. */
export function UploadsProvider({ children }: { readonly children: ReactNode }): ReactElement {
  const client = useClient()
  const [manager] = useState(() => new UploadManager(client))
  useEffect(() => {
    manager.restore().catch(() => undefined)
  }, [manager])
  return <UploadsContext value={manager}>{children}</UploadsContext>
}

export function useUploadManager(): UploadManager {
  const manager = useContext(UploadsContext)
  if (manager === null) throw new Error("no uploads: this is shown outside of what stays around the screens")
  return manager
}

export function useUploads(): readonly UploadView[] {
  const manager = useUploadManager()
  return useSyncExternalStore(manager.subscribe, () => manager.views)
}
