import { createContext, type ReactElement, type ReactNode, useContext, useState } from "react"
import { Button } from "react-aria-components"
import { isoTimeOf } from "../../../shared/protocol/ambient.js"
import { equalBytes, toHex } from "../../../shared/protocol/bytes.js"
import type { ChatText } from "../../sdk/chat/fold.js"
import { authorStateOf } from "../../sdk/chat/states.js"
import { useClient } from "../signed-in/client-context.js"
import { knownAs } from "../signed-in/naming.js"
import { strings } from "../strings.js"
import { formatMoment, formatTime } from "../ui/format.js"
import { Mark } from "./mark.js"
import { Markdown } from "./markdown.js"
import { MessageActions } from "./message-actions.js"
import { MessageFiles } from "./message-files.js"
import { Reactions } from "./reactions.js"
import { Warnings } from "./warnings.js"

const texts = strings.chat
/** So much of a message is shown at once: the rest is laid out when somebody wants it. */
const SHOWN_LETTERS = 2_000

/** What a row may ask of the screen around it. */
export interface RowCommands {
  readonly reply: (line: ChatText) => void
  readonly edit: (line: ChatText) => void
  readonly remove: (line: ChatText) => void
  readonly react: (line: ChatText, reaction: string, isSet: boolean) => void
  readonly goTo: (key: string) => void
}

/** The message that an answer names, if it is loaded and is the one that it names. */
export type FindText = (target: {
  readonly messageId: Uint8Array
  readonly hash: Uint8Array
}) => ChatText | "other" | null

/** Apart from what a row is given: with each page that comes, answers alone are looked at again. */
export const FindTextContext = createContext<FindText>(() => null)

/** A text with all that belongs to it. */
export function MessageRow({
  line,
  isFirst,
  isActive,
  isChanging,
  commands,
}: {
  readonly line: ChatText
  readonly isFirst: boolean
  /** Whether its controls are shown, and come by with Tab. */
  readonly isActive: boolean
  readonly isChanging: boolean
  readonly commands: RowCommands
}): ReactElement {
  const client = useClient()
  const self = client.state.current.secrets.genesisHash
  const { message, text, reactions } = line
  const { authorGenesisHash: author, timeMs } = message.statement
  const { name } = knownAs(client, author)
  const isOwn = equalBytes(author, self)
  return (
    <>
      <MessageHead author={author} timeMs={timeMs} isFirst={isFirst}>
        {isOwn ? (
          <Mark kind="stored" title={texts.stateMeanings.stored}>
            {texts.states.stored}
          </Mark>
        ) : null}
      </MessageHead>
      <Warnings message={message} />
      <MessageBody line={line} isActive={isActive} goTo={commands.goTo} />
      {isChanging ? <Mark kind="sending">{texts.states.changing}</Mark> : null}
      {text === null || reactions.length === 0 ? null : (
        <Reactions line={line} isActive={isActive} react={commands.react} />
      )}
      {isActive && text !== null ? <MessageActions line={line} name={name} commands={commands} /> : null}
    </>
  )
}

/** What a message says, with what it answers and what goes with it. */
export function MessageBody({
  line,
  isActive,
  goTo,
}: {
  readonly line: ChatText
  readonly isActive: boolean
  /** To the message that it answers. */
  readonly goTo: (key: string) => void
}): ReactElement {
  const client = useClient()
  const { message, content, text, mentions, editedAtMs, deletedBy } = line
  return (
    <>
      {content.replyTo === null ? null : <Quote target={content.replyTo} goTo={goTo} isActive={isActive} />}
      {text === null ? (
        <p className="message-deleted">
          {deletedBy === null || equalBytes(deletedBy, message.statement.authorGenesisHash)
            ? texts.deleted
            : texts.deletedByOther(knownAs(client, deletedBy).name)}
        </p>
      ) : (
        <>
          {text === "" ? null : <MessageText text={text} tabIndex={isActive ? 0 : -1} />}
          <MessageFiles files={content.files} isActive={isActive} />
          <Mentions mentions={mentions.map(({ genesisHash }) => genesisHash)} />
          {editedAtMs === null ? null : <span className="faint">{texts.edited(formatMoment(editedAtMs))}</span>}
        </>
      )}
    </>
  )
}

/** Who says it and when: to be seen once for what is said in one go, and always to be heard. */
export function MessageHead({
  author,
  timeMs,
  isFirst,
  children,
}: {
  readonly author: Uint8Array
  readonly timeMs: number
  readonly isFirst: boolean
  readonly children?: ReactNode
}): ReactElement {
  const client = useClient()
  const { name } = knownAs(client, author)
  return (
    <div className={isFirst ? "message-head" : "message-head message-head-again"}>
      <span className={isFirst ? "message-author" : "visually-hidden"}>{name}</span>
      {isFirst && authorStateOf(client, author) === "unverified" ? (
        <Mark kind="unverified" title={texts.unverifiedMeaning}>
          {texts.unverified}
        </Mark>
      ) : null}
      <time className="message-time" dateTime={isoTimeOf(timeMs)} title={formatMoment(timeMs)}>
        {formatTime(timeMs)}
      </time>
      {children}
    </div>
  )
}

export function MessageText({ text, tabIndex }: { readonly text: string; readonly tabIndex: 0 | -1 }): ReactElement {
  const [isWhole, setWhole] = useState(false)
  const isLong = text.length > SHOWN_LETTERS
  return (
    <>
      <Markdown text={isLong && !isWhole ? `${text.slice(0, SHOWN_LETTERS)} …` : text} tabIndex={tabIndex} />
      {isLong && !isWhole ? (
        <Button
          className="action action-quiet"
          onPress={() => {
            setWhole(true)
          }}
        >
          {texts.whole}
        </Button>
      ) : null}
    </>
  )
}

/** By the keys that the message names, not by what its text calls them. */
function Mentions({ mentions }: { readonly mentions: readonly Uint8Array[] }): ReactElement | null {
  const client = useClient()
  if (mentions.length === 0) return null
  const self = client.state.current.secrets.genesisHash
  const others = mentions.filter((mention) => !equalBytes(mention, self))
  return (
    <p className="mentions">
      {others.length < mentions.length ? <strong className="mentions-you">{texts.mentionsYou}</strong> : null}
      {others.length === 0 ? null : (
        <span>
          {texts.mentions} {others.map((mention) => knownAs(client, mention).name).join(", ")}
        </span>
      )}
    </p>
  )
}

function Quote({
  target,
  goTo,
  isActive,
}: {
  readonly target: { readonly messageId: Uint8Array; readonly hash: Uint8Array }
  readonly goTo: (key: string) => void
  readonly isActive: boolean
}): ReactElement {
  const client = useClient()
  const found = useContext(FindTextContext)(target)
  if (found === null || found === "other")
    return <p className="quote faint">{found === null ? texts.replyMissing : texts.replyOther}</p>
  return (
    <Button
      className="quote"
      excludeFromTabOrder={!isActive}
      onPress={() => {
        goTo(toHex(target.messageId))
      }}
    >
      <strong>{texts.replyTo(knownAs(client, found.message.statement.authorGenesisHash).name)}</strong>
      <span className="quote-text" dir="auto">
        {found.text === null ? texts.deleted : found.text}
      </span>
    </Button>
  )
}
