import { type ReactElement, Suspense } from "react"
import { Tab, TabList, TabPanel, Tabs } from "react-aria-components"
import type { MeetingId, MessageId } from "../../../shared/protocol/ids.js"
import type { MeetingLog } from "../../crypto/meeting-log.js"
import { ChatTabMark } from "../chat/chat-tab-mark.js"
import { lazily } from "../lazily.js"
import { hrefOf, MEETING_TABS, type MeetingTab, navigate } from "../routes.js"
import { ConsentWaiting } from "../presence/consent-waiting.js"
import { useLookedAt } from "../news/use-looked-at.js"
import { MeetingNotices } from "../notices/meeting-notices.js"
import { HereNow } from "../presence/here-now.js"
import { useClient } from "../signed-in/client-context.js"
import { useMeeting } from "../signed-in/use-meeting.js"
import { strings } from "../strings.js"
import { Action } from "../ui/button.js"
import { Busy } from "../ui/busy.js"
import { Failure } from "../ui/notice.js"
import { Page } from "../ui/page.js"
import { DropArea } from "../uploads/drop-area.js"
import { UploadButton } from "../uploads/upload-button.js"
import { UploadList } from "../uploads/upload-list.js"
import "../styles/meeting.css"
import { isTakenOut, lastSeenTitle, NoMember } from "./no-member.js"
import { Recordings } from "./recordings.js"

const Chat = lazily(async () => (await import("../chat/chat.js")).Chat)
const Activity = lazily(async () => (await import("./activity.js")).Activity)
const Settings = lazily(async () => (await import("../meeting-settings/settings.js")).Settings)
const LiveCaptures = lazily(async () => (await import("../live/live-captures.js")).LiveCaptures)
const Members = lazily(async () => (await import("./members.js")).Members)

/** What each part of the meeting's screen is given. */
export interface MeetingPartProps {
  readonly log: MeetingLog
}

/** A meeting: its recordings, chat, members, activity and settings. */
export function Meeting({
  meetingId,
  tab,
  messageId,
}: {
  readonly meetingId: MeetingId
  readonly tab: MeetingTab
  /** Of its chat, what is to be before somebody's eyes. */
  readonly messageId: MessageId | null
}): ReactElement {
  const client = useClient()
  const { log, error, retry } = useMeeting()
  useLookedAt(log)
  const back = { href: hrefOf({ screen: "meetings" }), label: strings.meeting.back }
  if (isTakenOut(error))
    return (
      <Page key="taken-out" title={lastSeenTitle(client, meetingId) ?? strings.app.meetings} back={back}>
        <NoMember onRetry={retry} />
      </Page>
    )
  if (log === null)
    return (
      <Page title={strings.app.meetings} back={back}>
        {error === null ? (
          <Busy label={strings.meeting.opening} />
        ) : (
          <Failure error={error}>
            <Action onPress={retry}>{strings.common.tryAgain}</Action>
          </Failure>
        )}
      </Page>
    )
  return (
    <Page
      key="open"
      title={log.current.title}
      back={back}
      actions={
        <>
          <a className="action" href={hrefOf({ screen: "record", meetingId })}>
            <span className="record-mark" aria-hidden="true" />
            {strings.record.action}
          </a>
          <UploadButton meetingId={meetingId} />
        </>
      }
    >
      <MeetingNotices log={log} />
      <HereNow />
      <DropArea meetingId={meetingId} />
      <Failure error={error}>
        <Action onPress={retry}>{strings.common.tryAgain}</Action>
      </Failure>
      <Tabs
        className="tabs"
        selectedKey={tab}
        onSelectionChange={(key) => {
          const chosen = MEETING_TABS.find((name) => name === key)
          if (chosen !== undefined) navigate({ screen: "meeting", meetingId, tab: chosen })
        }}
      >
        <TabList aria-label={log.current.title} className="tab-list">
          {MEETING_TABS.map((name) => (
            <Tab key={name} id={name} className="tab">
              {strings.meeting.tabs[name]}
              {name === "chat" ? <ChatTabMark log={log} /> : null}
            </Tab>
          ))}
        </TabList>
        {MEETING_TABS.map((name) => (
          <TabPanel key={name} id={name} className="tab-panel">
            <Suspense fallback={<Busy label={strings.common.loading} />}>
              <MeetingPart tab={name} log={log} messageId={messageId} />
            </Suspense>
          </TabPanel>
        ))}
      </Tabs>
    </Page>
  )
}

function MeetingPart({
  tab,
  log,
  messageId,
}: MeetingPartProps & { readonly tab: MeetingTab; readonly messageId: MessageId | null }): ReactElement {
  switch (tab) {
    case "recordings":
      return (
        <>
          {log.lives.length === 0 ? null : <LiveCaptures log={log} />}
          <UploadList meetingId={log.meetingId} />
          <ConsentWaiting log={log} />
          <Recordings log={log} />
        </>
      )
    case "chat":
      return <Chat log={log} messageId={messageId} />
    case "members":
      return <Members log={log} />
    case "activity":
      return <Activity log={log} />
    case "settings":
      return <Settings log={log} />
  }
}
