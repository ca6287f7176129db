import type { ReactElement } from "react"
import { toHex } from "../../../shared/protocol/bytes.js"
import { formatId } from "../../../shared/protocol/ids.js"
import type { Notice, NoticeStep } from "../../sdk/notices.js"
import { strings } from "../strings.js"
import { formatDayNumber } from "../ui/format.js"

const texts = strings.notices

/** What an authority asked for, and what was done, as the operator tells it. */
export function NoticeSentences({ notice }: { readonly notice: Notice }): ReactElement {
  return (
    <>
      <p>{texts.asked[notice.kind](formatDayNumber(notice.openedDay))}</p>
      <ul>
        {notice.steps.map((step, index) => (
          <li key={index}>
            {formatDayNumber(step.day)}: <StepSentence step={step} />
          </li>
        ))}
      </ul>
      {notice.noticeDay > notice.openedDay ? <p>{texts.late(formatDayNumber(notice.noticeDay))}</p> : null}
      <p className="faint">
        {texts.caseIs} <code>{formatId("case", notice.case)}</code>
      </p>
    </>
  )
}

export function StepSentence({ step }: { readonly step: NoticeStep }): ReactElement {
  const { isWhole, assetCount, fromDay, toDay, untilDay, tagManifestSha512 } = step
  const what = texts.what(isWhole ? null : assetCount)
  const days = texts.days(
    fromDay === null ? null : formatDayNumber(fromDay),
    toDay === null ? null : formatDayNumber(toDay),
  )
  switch (step.action) {
    case "hold":
      return <>{texts.held(what, days, untilDay === null ? null : formatDayNumber(untilDay))}</>
    case "release":
      return <>{texts.released(what)}</>
    case "produce":
      return (
        <>
          {texts.produced(what, days)}
          {tagManifestSha512 === null ? null : (
            <>
              {" "}
              <details className="notice-hash">
                <summary>{texts.hash}</summary>
                <code>{toHex(tagManifestSha512)}</code>
              </details>
            </>
          )}
        </>
      )
    case "close":
      return <>{texts.closed}</>
  }
}
