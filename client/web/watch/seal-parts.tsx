import type { ReactElement, ReactNode } from "react"
import { idOfHash } from "../../../shared/protocol/ids.js"
import { hrefOf } from "../routes.js"
import { useClient, useClientState } from "../signed-in/client-context.js"
import { knownAs } from "../signed-in/naming.js"
import { strings } from "../strings.js"

/** One thing that a seal says. */
export function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }): ReactElement {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}

/** How sure one can be that a name is the person, and what makes it surer. */
export function Known({ genesisHash }: { readonly genesisHash: Uint8Array }): ReactElement {
  const client = useClient()
  useClientState()
  const { name, state } = knownAs(client, genesisHash)
  const person = hrefOf({ screen: "person", accountId: idOfHash("account", genesisHash) })
  const isSure = state === "verified" || state === "self"
  return (
    <span className="faint">
      {strings.watch.seal.known[state](name)} {isSure ? null : <a href={person}>{strings.watch.seal.compare}</a>}
    </span>
  )
}
