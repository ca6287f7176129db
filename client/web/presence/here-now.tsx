import { type ReactElement, useEffect, useRef, useState } from "react"
import { equalBytes, toHex } from "../../../shared/protocol/bytes.js"
import type { PresentMember } from "../../sdk/presence.js"
import { useClient, useClientState } from "../signed-in/client-context.js"
import { knownAs } from "../signed-in/naming.js"
import { PersonName } from "../signed-in/person-name.js"
import { useMeeting } from "../signed-in/use-meeting.js"
import { strings } from "../strings.js"

const texts = strings.presence
/** What changes within this is said aloud together, and nothing more often. */
const SAID_TOGETHER_MS = 4_000

/** Who has this meeting open now, with how well they are known. */
export function HereNow(): ReactElement {
  const client = useClient()
  useClientState()
  const { genesisHash: self } = client.state.current.secrets
  const { present } = useMeeting()
  const others = present.filter(({ genesisHash }) => !equalBytes(genesisHash, self))
  return (
    <section className="here" aria-labelledby="here-now" title={texts.meaning}>
      <h2 id="here-now">{texts.title}</h2>
      <ul className="here-list">
        <li>
          <span className="here-dot" aria-hidden="true" />
          <span className="person">{others.length === 0 ? texts.onlyYou : strings.common.you}</span>
        </li>
        {others.map(({ genesisHash }) => (
          <li key={toHex(genesisHash)}>
            <span className="here-dot" aria-hidden="true" />
            <PersonName genesisHash={genesisHash} />
          </li>
        ))}
      </ul>
      <ComingsAndGoings others={others} />
    </section>
  )
}

/** Says aloud who came and went: a moment later and together, so that it doesn't chatter; whoever was there at first isn't said. */
function ComingsAndGoings({ others }: { readonly others: readonly PresentMember[] }): ReactElement {
  const client = useClient()
  const [said, setSaid] = useState("")
  const told = useRef<ReadonlyMap<string, Uint8Array> | null>(null)
  const now = new Map(others.map(({ genesisHash }) => [toHex(genesisHash), genesisHash]))
  const newest = useRef(now)
  newest.current = now
  const key = [...now.keys()].toSorted().join()
  useEffect(() => {
    const timer = setTimeout(() => {
      const [before, after] = [told.current, newest.current]
      told.current = after
      if (before === null) return
      const nameOf = (genesisHash: Uint8Array): string => knownAs(client, genesisHash).name
      const came = [...after].filter(([id]) => !before.has(id)).map(([, hash]) => nameOf(hash))
      const went = [...before].filter(([id]) => !after.has(id)).map(([, hash]) => nameOf(hash))
      setSaid([came.length > 0 ? texts.came(came) : "", went.length > 0 ? texts.went(went) : ""].join(" ").trim())
    }, SAID_TOGETHER_MS)
    return () => {
      clearTimeout(timer)
    }
  }, [client, key])
  return (
    <p className="visually-hidden" role="status">
      {said}
    </p>
  )
}
