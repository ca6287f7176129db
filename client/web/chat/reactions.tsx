import { type ReactElement, useMemo, useState } from "react"
import { Button } from "react-aria-components"
import { includesHash } from "../../../shared/protocol/hash.js"
import type { ChatReaction, ChatText } from "../../sdk/chat/fold.js"
import { useClient } from "../signed-in/client-context.js"
import { knownAs } from "../signed-in/naming.js"
import { strings } from "../strings.js"
import type { RowCommands } from "./message-row.js"
import { mostUsed } from "./most-used.js"

const texts = strings.chat
/** A member may give any number of them: so many are shown, and so many where somebody wants all. */
const SHOWN = 12
const SHOWN_AT_MOST = 60

/** Who thinks what of a message, and the way to join them. */
export function Reactions({
  line,
  isActive,
  react,
}: {
  readonly line: ChatText
  readonly isActive: boolean
  readonly react: RowCommands["react"]
}): ReactElement {
  const client = useClient()
  const self = client.state.current.secrets.genesisHash
  const { reactions } = line
  const [isWhole, setWhole] = useState(false)
  const shown = useMemo(() => mostUsed(reactions, self, isWhole ? SHOWN_AT_MOST : SHOWN), [reactions, self, isWhole])
  const hiddenCount = reactions.length - shown.length
  return (
    <div className="reactions">
      {shown.map(({ reaction, authors }: ChatReaction) => (
        <Button
          key={reaction}
          className="reaction"
          excludeFromTabOrder={!isActive}
          aria-pressed={includesHash(authors, self)}
          onPress={() => {
            react(line, reaction, !includesHash(authors, self))
          }}
        >
          <bdi>{reaction}</bdi> {authors.length}
          <span className="visually-hidden">
            {texts.reactionBy(authors.map((author) => knownAs(client, author).name))}
          </span>
        </Button>
      ))}
      {hiddenCount === 0 ? null : isWhole ? (
        <span className="faint">{texts.reactionsHidden(hiddenCount)}</span>
      ) : (
        <Button
          className="reaction"
          excludeFromTabOrder={!isActive}
          aria-label={texts.moreReactions(hiddenCount)}
          onPress={() => {
            setWhole(true)
          }}
        >
          +{hiddenCount}
        </Button>
      )}
    </div>
  )
}
