import { useSyncExternalStore } from "react"
import { looksLikeCard } from "../../shared/protocol/card.js"
import { isArchiveError } from "../../shared/protocol/errors.js"
import {
  type AccountId,
  formatId,
  type MeetingId,
  type MessageId,
  parseId,
  type RecordingId,
} from "../../shared/protocol/ids.js"

/** Where in the app somebody is: it stands behind the `#`, which no server is told. */
export type Route =
  | { readonly screen: "meetings" }
  | {
      readonly screen: "meeting"
      readonly meetingId: MeetingId
      readonly tab: MeetingTab
      /** Of its chat, what is to be before somebody's eyes. */
      readonly messageId?: MessageId
    }
  | {
      readonly screen: "recording"
      readonly meetingId: MeetingId
      readonly recordingId: RecordingId
      /** Where playback begins, as a deep link says. */
      readonly startMs: number | null
    }
  | { readonly screen: "record"; readonly meetingId: MeetingId }
  /** What is being recorded. */
  | { readonly screen: "live"; readonly meetingId: MeetingId; readonly recordingId: RecordingId }
  | { readonly screen: "people" }
  | { readonly screen: "person"; readonly accountId: AccountId }
  /** Somebody's card link was opened: it can be added. */
  | { readonly screen: "card"; readonly card: string }
  | { readonly screen: "join" }
  /** What is searched for stands in no address. */
  | { readonly screen: "search" }
  | { readonly screen: "devices" }
  | { readonly screen: "uploads" }
  | { readonly screen: "not-found" }

export const MEETING_TABS = ["recordings", "chat", "members", "activity", "settings"] as const
export type MeetingTab = (typeof MEETING_TABS)[number]

const AREAS = ["people", "devices", "uploads", "join", "search"] as const
const MS_PER_S = 1000

/** The address of a place, for links. */
export function hrefOf(route: Exclude<Route, { readonly screen: "not-found" }>): string {
  switch (route.screen) {
    case "meetings":
      return "#/"
    case "people":
    case "devices":
    case "join":
    case "search":
    case "uploads":
      return `#/${route.screen}`
    case "card":
      return `#${route.card}`
    case "person":
      return `#/people/${formatId("account", route.accountId)}`
    case "meeting": {
      const message = route.messageId === undefined ? "" : `?m=${formatId("message", route.messageId)}`
      return `#/meetings/${formatId("meeting", route.meetingId)}${route.tab === "recordings" ? "" : `/${route.tab}`}${message}`
    }
    case "record":
      return `#/meetings/${formatId("meeting", route.meetingId)}/record`
    case "live":
      return `#/meetings/${formatId("meeting", route.meetingId)}/live/${formatId("recording", route.recordingId)}`
    case "recording": {
      const time = route.startMs === null ? "" : `?t=${Math.floor(route.startMs / MS_PER_S)}`
      return `#/meetings/${formatId("meeting", route.meetingId)}/recordings/${formatId("recording", route.recordingId)}${time}`
    }
  }
}

export function navigate(route: Exclude<Route, { readonly screen: "not-found" }>): void {
  location.hash = hrefOf(route)
}

export function parseRoute(hash: string): Route {
  try {
    return routeOf(hash)
  } catch (error) {
    if (isArchiveError(error)) return { screen: "not-found" }
    throw error
  }
}

function routeOf(hash: string): Route {
  if (looksLikeCard(hash)) return { screen: "card", card: hash.slice(1) }
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?")
  const [area = "", id = "", part = "", inner = ""] = path.split("/")
  if (area === "") return { screen: "meetings" }
  const only = AREAS.find((name) => name === area)
  if (only !== undefined && id === "") return { screen: only }
  if (area === "people") return { screen: "person", accountId: parseId("account", id) }
  if (area !== "meetings") return { screen: "not-found" }
  const meetingId = parseId("meeting", id)
  if (part === "") return { screen: "meeting", meetingId, tab: "recordings" }
  if (part === "record" && inner === "") return { screen: "record", meetingId }
  if (part === "recordings" && inner !== "") {
    const seconds = /^\d{1,7}$/.exec(new URLSearchParams(query).get("t") ?? "")
    return {
      screen: "recording",
      meetingId,
      recordingId: parseId("recording", inner),
      startMs: seconds === null ? null : Number(seconds[0]) * MS_PER_S,
    }
  }
  if (part === "live") return { screen: "live", meetingId, recordingId: parseId("recording", inner) }
  const tab = MEETING_TABS.find((name) => name === part)
  if (tab === undefined) return { screen: "not-found" }
  const message = new URLSearchParams(query).get("m")
  return message === null
    ? { screen: "meeting", meetingId, tab }
    : { screen: "meeting", meetingId, tab, messageId: parseId("message", message) }
}

function subscribe(listener: () => void): () => void {
  addEventListener("hashchange", listener)
  return () => {
    removeEventListener("hashchange", listener)
  }
}

/** The route that the address names, followed. */
export function useRoute(): Route {
  const hash = useSyncExternalStore(subscribe, () => location.hash)
  return parseRoute(hash)
}
