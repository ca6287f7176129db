import type { ReactElement } from "react"
import type { StandingMessage } from "../../crypto/chat-order.js"
import { isClockOff } from "../../sdk/chat/states.js"
import { strings } from "../strings.js"
import { formatDayNumber } from "../ui/format.js"
import { Mark } from "./mark.js"

const texts = strings.chat

/** What a person must know before believing a message; nothing where there is nothing to say. */
export function Warnings({ message }: { readonly message: StandingMessage }): ReactElement | null {
  const { standing, isAhead, served } = message
  const { missingBefore, isVouched, conflict } = standing
  const marks = [
    missingBefore === 0 ? null : (
      <Mark key="missing" kind="gap">
        {texts.missingBefore(missingBefore)}
      </Mark>
    ),
    isVouched ? null : (
      <Mark key="late" kind="late" title={texts.lateMeaning}>
        <strong>{texts.late}.</strong> {texts.lateMeaning}
      </Mark>
    ),
    conflict === null ? null : (
      <Mark key="conflict" kind="conflict">
        {texts.conflicts[conflict]}
      </Mark>
    ),
    isAhead ? (
      <Mark key="ahead" kind="gap">
        {texts.ahead}
      </Mark>
    ) : null,
    isClockOff(message) ? (
      <Mark key="clock" kind="clock">
        {texts.clockOff(formatDayNumber(served.day))}
      </Mark>
    ) : null,
  ].filter((mark) => mark !== null)
  return marks.length === 0 ? null : <div className="chat-warnings">{marks}</div>
}
