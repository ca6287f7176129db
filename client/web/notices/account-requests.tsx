import { type ReactElement, Suspense } from "react"
import { accountNotices } from "../../sdk/notices.js"
import { lazily } from "../lazily.js"
import { useClient } from "../signed-in/client-context.js"
import { strings } from "../strings.js"
import { useLoaded } from "../ui/use-loaded.js"

const OperatorNotices = lazily(async () => (await import("./operator-notices.js")).OperatorNotices)

/** Above every screen: what authorities asked about this account, as soon as it may be told. */
export function AccountRequests(): ReactElement | null {
  const client = useClient()
  const { value } = useLoaded(async () => await accountNotices(client), [client])
  if (value === null || value.length === 0) return null
  return (
    <aside className="above" aria-label={strings.notices.ofAccount}>
      <Suspense fallback={null}>
        <OperatorNotices title={strings.notices.ofAccount} notices={value} />
      </Suspense>
    </aside>
  )
}
