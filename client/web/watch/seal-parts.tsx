import type { ReactElement, ReactNode } from "react"
import { Button, Disclosure, DisclosurePanel, Heading } from "react-aria-components"
import { idOfHash } from "../../../shared/protocol/ids.js"
import { hrefOf } from "../routes.js"
import { useClient, useClientState } from "../signed-in/client-context.js"
import { knownAs } from "../signed-in/naming.js"
import { PersonName } from "../signed-in/person-name.js"
import { strings } from "../strings.js"

/** Who stands behind what is watched, and what of it was checked: in a line, and in full. */
export function SealFrame({
  authorGenesisHash,
  isBroken,
  texts,
  children,
}: {
  readonly authorGenesisHash: Uint8Array
  /** Whether something did not pass the check. */
  readonly isBroken: boolean
  readonly texts: Readonly<Record<"signed" | "parts" | "broken" | "author", string>>
  /** What is said in full, behind its author. */
  readonly children: ReactNode
}): ReactElement {
  return (
    <Disclosure className={isBroken ? "seal seal-broken" : "seal"}>
      <div className="seal-line">
        <p>
          <span className="seal-mark" aria-hidden="true">
            {isBroken ? "!" : "✓"}
          </span>
          {strings.watch.seal.by} <PersonName genesisHash={authorGenesisHash} isWithin /> · {texts.signed} ·{" "}
          {isBroken ? <strong>{texts.broken}</strong> : texts.parts}
        </p>
        <Heading level={2} className="seal-heading">
          <Button slot="trigger" className="action action-quiet">
            {strings.watch.seal.more}
          </Button>
        </Heading>
      </div>
      <DisclosurePanel>
        <dl className="seal-facts">
          <Fact name={texts.author}>
            <PersonName genesisHash={authorGenesisHash} />
            <Known genesisHash={authorGenesisHash} />
          </Fact>
          {children}
        </dl>
      </DisclosurePanel>
    </Disclosure>
  )
}

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
function Known({ genesisHash }: { readonly genesisHash: Uint8Array }): ReactElement {
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
