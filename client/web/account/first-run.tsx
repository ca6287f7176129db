import { type ReactElement, useState } from "react"
import type { Client } from "../../sdk/client.js"
import { strings } from "../strings.js"
import { Action } from "../ui/button.js"
import { Page } from "../ui/page.js"
import { CreateAccount } from "./create-account.js"
import { LinkDevice } from "./link-device.js"
import { RecoverAccount } from "./recover-account.js"
import "../styles/account.css"

const WAYS = ["create", "link", "recover"] as const
type Way = (typeof WAYS)[number]

/** What somebody without an account on this device sees: three ways to have one. */
export function FirstRun({ onReady }: { readonly onReady: (client: Client) => void }): ReactElement {
  const [way, setWay] = useState<Way | null>(null)
  const given = {
    onReady,
    onBack: () => {
      setWay(null)
    },
  }
  switch (way) {
    case null:
      return <Ways onChosen={setWay} />
    case "create":
      return <CreateAccount {...given} />
    case "link":
      return <LinkDevice {...given} />
    case "recover":
      return <RecoverAccount {...given} />
  }
}

function Ways({ onChosen }: { readonly onChosen: (way: Way) => void }): ReactElement {
  return (
    <Page title={strings.account.title} lead={strings.account.lead}>
      <div className="ways">
        {WAYS.map((way) => {
          const { title, lead, action } = strings.account.ways[way]
          return (
            <section key={way} className="card way" aria-labelledby={`way-${way}`}>
              <h2 id={`way-${way}`}>{title}</h2>
              <p>{lead}</p>
              <Action
                kind={way === "create" ? "primary" : "plain"}
                onPress={() => {
                  onChosen(way)
                }}
              >
                {action}
              </Action>
            </section>
          )
        })}
      </div>
    </Page>
  )
}
