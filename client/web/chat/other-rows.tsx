import type { ReactElement } from "react"
import type { ErrorCode } from "../../../shared/protocol/errors.js"
import type { ChatWithoutEffect } from "../../sdk/chat/fold.js"
import { PersonName } from "../signed-in/person-name.js"
import { sanitiseFileName } from "../../sdk/saved-name.js"
import { formatBytes } from "../ui/format.js"
import { errorTexts, strings } from "../strings.js"
import { Mark } from "./mark.js"
import { MessageHead, MessageText } from "./message-row.js"
import type { WaitingText } from "./room-chat.js"
import type { AsideRow } from "./rows.js"
import { Warnings } from "./warnings.js"
import { useClient } from "../signed-in/client-context.js"

const texts = strings.chat

/** Whatever stands where no message is shown, with why. */
export function Aside({ row }: { readonly row: AsideRow }): ReactElement {
  switch (row.kind) {
    case "gap": {
      const count = row.line.untilSeq - row.line.fromSeq
      return (
        <Mark kind="gap">
          <strong>{texts.gap(count)}.</strong> {texts.gapMeaning}
        </Mark>
      )
    }
    case "refused":
      return (
        <Mark kind="refused" title={row.line.reason}>
          <strong>{texts.refusedLine}.</strong> {texts.refusedMeaning} {refusedWhy(row.line.code)}{" "}
          <code>{row.line.code}</code>
        </Mark>
      )
    case "without-effect":
      return <WithoutEffect line={row.line} />
  }
}

/** So many before this account could open the chat. */
export function ClosedRow({ count }: { readonly count: number }): ReactElement {
  return <Mark kind="closed">{texts.closed(count)}</Mark>
}

/** What lacks the right here is the message, and not who reads it. */
function refusedWhy(code: ErrorCode): string {
  return code === "not-authorised" ? texts.refusedAuthor : errorTexts[code].what
}

/** What somebody did that changes nothing. */
function WithoutEffect({ line }: { readonly line: ChatWithoutEffect }): ReactElement {
  const { message, reason } = line
  return (
    <>
      <Mark kind="refused">
        {texts.without[message.content.type]}. {texts.withoutReasons[reason]}
      </Mark>
      <span className="faint">
        {texts.by} <PersonName genesisHash={message.statement.authorGenesisHash} />
      </span>
      <Warnings message={message} />
    </>
  )
}

/** A text of this device that has no place yet. */
export function WaitingRow({
  message,
  isFirst,
  state,
}: {
  readonly message: WaitingText
  readonly isFirst: boolean
  readonly state: "sending" | "kept" | "refused"
}): ReactElement {
  const client = useClient()
  const shown = message.isStored ? "stored" : state
  return (
    <>
      <MessageHead author={client.state.current.secrets.genesisHash} timeMs={message.timeMs} isFirst={isFirst}>
        <Mark kind={shown} title={texts.stateMeanings[shown]}>
          {texts.states[shown]}
        </Mark>
      </MessageHead>
      {message.content.type === "text" ? (
        <>
          <MessageText text={message.content.text} tabIndex={-1} />
          {message.content.files.map(({ fileName, trueBytes }) => (
            <p key={fileName}>{texts.files.waiting(sanitiseFileName(fileName), formatBytes(trueBytes))}</p>
          ))}
        </>
      ) : null}
    </>
  )
}
