import { type ReactElement, Suspense, useEffect, useState } from "react"
import type { Client } from "../sdk/client.js"
import { CrashGuard } from "./crash-guard.js"
import { lazily } from "./lazily.js"
import { isUsable } from "./platform/is-usable.js"
import { strings } from "./strings.js"
import { Busy } from "./ui/busy.js"
import { Failure } from "./ui/notice.js"
import { Page } from "./ui/page.js"

const FirstRun = lazily(async () => (await import("./account/first-run.js")).FirstRun)
const SignedIn = lazily(async () => (await import("./signed-in/signed-in.js")).SignedIn)

type Standing =
  | { readonly state: "opening" }
  | { readonly state: "failed"; readonly error: unknown }
  | { readonly state: "new" }
  | { readonly state: "signed-in"; readonly client: Client }

/** The app: what is missing of the browser, else the first run, else everything. */
export function App(): ReactElement {
  const usable = isUsable()
  return <CrashGuard>{usable.ok ? <Opened /> : usable.reason === "insecure" ? <Insecure /> : <NoStorage />}</CrashGuard>
}

function Opened(): ReactElement {
  const [standing, setStanding] = useState<Standing>({ state: "opening" })
  useEffect(() => {
    let isShown = true
    openKeys().then(
      (found) => {
        if (isShown) setStanding(found)
      },
      (error: unknown) => {
        if (isShown) setStanding({ state: "failed", error })
      },
    )
    return () => {
      isShown = false
    }
  }, [])
  const opening = <Busy label={strings.app.opening} />
  switch (standing.state) {
    case "opening":
      return opening
    case "failed":
      return (
        <Page title={strings.app.name}>
          <Failure error={standing.error} />
        </Page>
      )
    case "new":
      return (
        <Suspense fallback={opening}>
          <FirstRun
            onReady={(client) => {
              setStanding({ state: "signed-in", client })
            }}
          />
        </Suspense>
      )
    case "signed-in":
      return (
        <Suspense fallback={opening}>
          <SignedIn client={standing.client} />
        </Suspense>
      )
  }
}

/** The keys' part is fetched beside the page, which stands before it. */
async function openKeys(): Promise<Standing> {
  const { openClient } = await import("./platform/open-client.js")
  const client = await openClient()
  return client === null ? { state: "new" } : { state: "signed-in", client }
}

function Insecure(): ReactElement {
  const secure = new URL(location.href)
  secure.protocol = "https:"
  return (
    <Page title={strings.app.insecure} lead={strings.app.insecureLead}>
      <p>{strings.app.insecureTodo(secure.origin)}</p>
    </Page>
  )
}

function NoStorage(): ReactElement {
  return <Page title={strings.app.noStorage}>{strings.app.noStorageLead}</Page>
}
