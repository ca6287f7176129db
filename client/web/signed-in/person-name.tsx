import type { ReactElement } from "react"
import { idOfHash } from "../../../shared/protocol/ids.js"
import { hrefOf } from "../routes.js"
import { strings } from "../strings.js"
import { useClient, useClientState } from "./client-context.js"
import { KnownMark } from "./known-mark.js"
import { knownAs } from "./naming.js"

/** Somebody's name with how well they are known, as a link to where they are verified. */
export function PersonName({
  genesisHash,
  isWithin = false,
}: {
  readonly genesisHash: Uint8Array
  /** Whether it stands within a sentence. */
  readonly isWithin?: boolean
}): ReactElement {
  const client = useClient()
  // Renames and verifications are seen everywhere at once.
  useClientState()
  const { name, state } = knownAs(client, genesisHash)
  if (state === "self") return <span className="person">{isWithin ? strings.common.youWithin : name}</span>
  return (
    <span className="person">
      <a href={hrefOf({ screen: "person", accountId: idOfHash("account", genesisHash) })}>{name}</a>{" "}
      <KnownMark state={state} />
    </span>
  )
}
