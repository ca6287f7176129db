import { type ReactElement, Suspense } from "react"
import type { Client } from "../../sdk/client.js"
import { AccountNotices } from "../account/account-notices.js"
import { WhenRegistered } from "../account/when-registered.js"
import { lazily } from "../lazily.js"
import { RecordingNotices } from "../record/recording-notices.js"
import { RecordingsProvider } from "../record/recordings-context.js"
import { hrefOf, type Route, useRoute } from "../routes.js"
import { strings } from "../strings.js"
import { Busy } from "../ui/busy.js"
import { Page } from "../ui/page.js"
import { UploadsProvider } from "../uploads/uploads-context.js"
import { ClientProvider } from "./client-context.js"

const News = lazily(async () => (await import("../news/news.js")).News)
const MeetingRoom = lazily(async () => (await import("../presence/meeting-room.js")).MeetingRoom)
const Meetings = lazily(async () => (await import("../meetings/meetings.js")).Meetings)
const Meeting = lazily(async () => (await import("../meeting/meeting.js")).Meeting)
const Join = lazily(async () => (await import("../joining/join.js")).Join)
const Uploads = lazily(async () => (await import("../uploads/uploads.js")).Uploads)
const Watch = lazily(async () => (await import("../watch/watch.js")).Watch)
const Record = lazily(async () => (await import("../record/record.js")).Record)
const Live = lazily(async () => (await import("../live/live.js")).Live)
const Devices = lazily(async () => (await import("../devices/devices.js")).Devices)
const People = lazily(async () => (await import("../people/people.js")).People)
const Search = lazily(async () => (await import("../search/search.js")).Search)
const Person = lazily(async () => (await import("../people/person.js")).Person)

const AREAS = [
  {
    label: strings.app.meetings,
    route: { screen: "meetings" },
    screens: ["meetings", "meeting", "recording", "record", "live", "join"],
  },
  { label: strings.app.search, route: { screen: "search" }, screens: ["search"] },
  { label: strings.app.people, route: { screen: "people" }, screens: ["people", "person", "card"] },
  { label: strings.app.uploads, route: { screen: "uploads" }, screens: ["uploads"] },
  { label: strings.app.devices, route: { screen: "devices" }, screens: ["devices"] },
] as const satisfies readonly {
  readonly label: string
  readonly route: Parameters<typeof hrefOf>[0]
  readonly screens: readonly Route["screen"][]
}[]

/** Everything that an account can do: what stays around the screens, and the screen that the address names. */
export function SignedIn({ client }: { readonly client: Client }): ReactElement {
  const route = useRoute()
  return (
    <ClientProvider client={client}>
      <button
        type="button"
        className="skip"
        onClick={() => {
          document.querySelector<HTMLElement>("main h1")?.focus()
        }}
      >
        {strings.app.skip}
      </button>
      <header className="bar">
        <a className="brand" href={hrefOf({ screen: "meetings" })}>
          {strings.app.name}
        </a>
        <nav aria-label={strings.app.navigation}>
          {AREAS.map(({ label, route: target, screens }) => (
            <a
              key={label}
              href={hrefOf(target)}
              aria-current={screens.some((screen) => screen === route.screen) ? "page" : undefined}
            >
              {label}
            </a>
          ))}
        </nav>
      </header>
      <AccountNotices />
      <RecordingsProvider>
        <RecordingNotices />
        <UploadsProvider>
          <Suspense fallback={null}>
            <News />
          </Suspense>
          <Suspense fallback={<Busy label={strings.common.loading} />}>
            <WhenRegistered>
              <Screen route={route} />
            </WhenRegistered>
          </Suspense>
        </UploadsProvider>
      </RecordingsProvider>
    </ClientProvider>
  )
}

/** Another place of the same kind is another screen: nothing of the one before shows in it. */
function Screen({ route }: { readonly route: Route }): ReactElement {
  switch (route.screen) {
    case "join":
      return <Join />
    case "meetings":
      return <Meetings />
    case "meeting":
    case "recording":
    case "record":
    case "live":
      return (
        <MeetingRoom key={route.meetingId.join()} meetingId={route.meetingId}>
          <MeetingScreen route={route} />
        </MeetingRoom>
      )
    case "devices":
      return <Devices />
    case "people":
      return <People />
    case "card":
      return <People key={route.card} card={route.card} />
    case "person":
      return <Person key={route.accountId.join()} accountId={route.accountId} />
    case "uploads":
      return <Uploads />
    case "search":
      return <Search />
    default:
      return (
        <Page title={strings.app.notFound} lead={strings.app.notFoundLead}>
          <a href={hrefOf({ screen: "meetings" })}>{strings.app.toMeetings}</a>
        </Page>
      )
  }
}

function MeetingScreen({
  route,
}: {
  readonly route: Extract<Route, { readonly screen: "meeting" | "recording" | "record" | "live" }>
}): ReactElement {
  switch (route.screen) {
    case "meeting":
      return (
        <Meeting
          key={route.meetingId.join()}
          meetingId={route.meetingId}
          tab={route.tab}
          messageId={route.messageId ?? null}
        />
      )
    case "recording":
      return <Watch key={route.recordingId.join()} recordingId={route.recordingId} startMs={route.startMs} />
    case "record":
      return <Record key={route.meetingId.join()} meetingId={route.meetingId} />
    case "live":
      return <Live key={route.recordingId.join()} meetingId={route.meetingId} recordingId={route.recordingId} />
  }
}
