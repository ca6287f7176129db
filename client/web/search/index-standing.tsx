import type { ReactElement } from "react"
import { formatId } from "../../../shared/protocol/ids.js"
import { hrefOf } from "../routes.js"
import { errorTexts, strings } from "../strings.js"
import { formatCount } from "../ui/format.js"
import { LabelledProgress } from "../ui/labelled-progress.js"
import { Notice } from "../ui/notice.js"
import type { IndexView } from "./search-messages.js"

const texts = strings.search

/** How much of the meetings was read, and what could not be. */
export function IndexStanding({ view }: { readonly view: IndexView }): ReactElement {
  const { round, isReady, isAway, unread, withoutCaptions } = view
  return (
    <>
      {round === null || isReady ? null : (
        <div className="notice">
          <LabelledProgress
            label={texts.readingFirst}
            value={round.meetings}
            maxValue={Math.max(1, round.allMeetings)}
            valueLabel={
              texts.readingMeetings(round.meetings, round.allMeetings) +
              (round.messages > 0 ? texts.readingMessages(formatCount(round.messages)) : "")
            }
          />
          <p className="faint">{texts.readingMeaning}</p>
        </div>
      )}
      {isAway ? <Notice kind="warning">{texts.away}</Notice> : null}
      {unread.length === 0 ? null : (
        <Notice kind="warning" title={texts.unread(unread.length)}>
          <ul>
            {unread.map(({ meetingId, title, code }) => (
              <li key={formatId("meeting", meetingId)}>
                <a href={hrefOf({ screen: "meeting", meetingId, tab: "recordings" })}>
                  {title ?? strings.meetings.untitled}
                </a>
                : {errorTexts[code].what}
              </li>
            ))}
          </ul>
        </Notice>
      )}
      {withoutCaptions === 0 ? null : <Notice kind="warning">{texts.withoutCaptions(withoutCaptions)}</Notice>}
    </>
  )
}
