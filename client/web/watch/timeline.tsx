import {
  memo,
  type KeyboardEvent,
  type ReactElement,
  type ReactNode,
  useCallback,
  useEffect,
  useMemo,
  useRef,
  useState,
} from "react"
import { Button } from "react-aria-components"
import { fromHex } from "../../../shared/protocol/bytes.js"
import { asId } from "../../../shared/protocol/ids.js"
import type { ChatLine } from "../../sdk/chat/fold.js"
import { authorStateOf } from "../../sdk/chat/states.js"
import type { PlacedLine } from "../../sdk/imports/read-imported.js"
import type { OpenRecording } from "../../sdk/recordings.js"
import { Mark } from "../chat/mark.js"
import { ChatFailure } from "../chat/chat-failure.js"
import { FindTextContext, MessageBody } from "../chat/message-row.js"
import { Aside } from "../chat/other-rows.js"
import type { RoomChat } from "../chat/room-chat.js"
import { useChatView } from "../chat/use-chat.js"
import { useFindText } from "../chat/use-find-text.js"
import { Warnings } from "../chat/warnings.js"
import { useClient, useClientState } from "../signed-in/client-context.js"
import { knownAs } from "../signed-in/naming.js"
import { hrefOf } from "../routes.js"
import { strings } from "../strings.js"
import "../styles/chat.css"
import { Action } from "../ui/button.js"
import { CheckBox } from "../ui/check-box.js"
import { Field } from "../ui/field.js"
import { formatDuration, formatMoment } from "../ui/format.js"
import { Failure } from "../ui/notice.js"
import type { Cue } from "../../sdk/captions.js"
import { ImportedText } from "./imported-line.js"
import { currentOf, searched, type Timeline, type TimelineItem, timelineOf } from "./timeline-items.js"
import { useChatAround } from "./use-chat-around.js"

const texts = strings.watch.timeline
const MS_PER_S = 1_000
const NO_LINES: readonly ChatLine[] = []

/** Beside the player: what was written while it was recorded, before and after, and what was spoken, in one list that follows it. */
export function TimelineColumn({
  recording,
  chat,
  cues,
  imported,
  atS,
  lengthMs,
  onSeek,
}: {
  readonly recording: OpenRecording
  readonly chat: RoomChat
  readonly cues: readonly Cue[]
  /** What was written elsewhere, and imported. */
  readonly imported: readonly PlacedLine[]
  readonly atS: number
  readonly lengthMs: number
  readonly onSeek: (timeS: number) => void
}): ReactElement | null {
  const client = useClient()
  const { contacts } = useClientState()
  const { meetingId } = recording.log
  const view = useChatView(chat)
  const { isRead, hasOlder, error } = view
  // As in the chat itself: of one that contradicts what was seen before nothing is shown.
  const lines = error === null ? view.lines : NO_LINES
  const { recordingId } = recording.recording.fields
  const startMs = recording.details.capturedAtMs
  const older = useChatAround(chat, startMs ?? recording.recording.timeMs - lengthMs)
  const timeline = useMemo(
    () =>
      timelineOf({
        lines,
        hasOlder,
        cues,
        imported,
        recordingId,
        startMs,
        lengthMs,
        nameOf: (genesisHash) => knownAs(client, genesisHash).name,
        isUnverified: (genesisHash) => authorStateOf(client, genesisHash) === "unverified",
      }),
    [client, contacts, lines, hasOlder, cues, imported, recordingId, startMs, lengthMs],
  )
  const [wanted, setWanted] = useState("")
  const [follows, setFollows] = useState(true)
  const shown = useMemo(
    () => ({
      before: searched(timeline.before, wanted),
      during: searched(timeline.during, wanted),
      after: searched(timeline.after, wanted),
      placeless: searched(timeline.placeless, wanted),
    }),
    [timeline, wanted],
  )
  const current = currentOf(shown.during, atS * MS_PER_S)?.key ?? null
  const box = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const row = follows ? rowsIn(box.current).find((one) => one.dataset["key"] === current) : undefined
    if (row === undefined || box.current === null) return
    // Within the column: the page stays where it is.
    box.current.scrollTop = row.offsetTop - (box.current.clientHeight - row.offsetHeight) / 2
  }, [current, follows, shown])
  const find = useFindText(lines)
  const goTo = useCallback(
    (key: string) => {
      const row = rowsIn(box.current).find((one) => one.dataset["key"] === key)
      // What stands further away stands in the chat.
      if (row === undefined)
        location.hash = hrefOf({ screen: "meeting", meetingId, tab: "chat", messageId: asId("message", fromHex(key)) })
      setFollows(false)
      row?.focus()
    },
    [meetingId],
  )
  const count = countOf(shown)
  const all = countOf(timeline)
  if (all === 0 && !older.hasMore && error === null) return null
  const stop = (): void => {
    setFollows(false)
  }
  const section = (title: string | null, items: readonly TimelineItem[], isInside: boolean): ReactNode => {
    if (items.length === 0) return null
    const firstTimed = items.find(({ kind }) => kind !== "aside")?.key
    return (
      <>
        {title === null ? null : <h3>{title}</h3>}
        <ol aria-label={title ?? texts.during} onKeyDown={moveFocus}>
          {items.map((item) => (
            <TimelineRow
              key={item.key}
              item={item}
              isCurrent={isInside && item.key === current}
              isStop={isInside && current !== null ? item.key === current : item.key === firstTimed}
              onSeek={isInside ? onSeek : null}
              goTo={goTo}
            />
          ))}
        </ol>
      </>
    )
  }
  return (
    <aside className="timeline card" aria-label={texts.title}>
      <h2>{texts.title}</h2>
      <Field label={texts.search} type="search" value={wanted} onChange={setWanted} />
      <p className="visually-hidden" role="status">
        {wanted === "" ? "" : texts.found(count)}
      </p>
      <CheckBox isSelected={follows} onChange={setFollows}>
        {texts.follow}
      </CheckBox>
      {startMs === null ? <p className="hint">{texts.noStart}</p> : null}
      <div className="timeline-scroll" ref={box} onWheel={stop} onTouchMove={stop}>
        {error === null ? (
          <>
            {older.isBusy || !isRead ? <p className="faint">{texts.loading}</p> : null}
            <Failure error={older.error} />
            {older.hasMore && !older.isBusy ? (
              <Action kind="quiet" onPress={older.more}>
                {texts.more}
              </Action>
            ) : null}
          </>
        ) : (
          <ChatFailure chat={chat} error={error} />
        )}
        <FindTextContext value={find}>
          {section(texts.before, shown.before, false)}
          {section(shown.before.length === 0 ? null : texts.during, shown.during, true)}
          {section(texts.after, shown.after, false)}
          {section(texts.placeless, shown.placeless, false)}
        </FindTextContext>
        {wanted !== "" && count === 0 ? <p>{texts.nothing}</p> : null}
      </div>
    </aside>
  )
}

function countOf({ before, during, after, placeless }: Timeline): number {
  return before.length + during.length + after.length + placeless.length
}

const TimelineRow = memo(function TimelineRow({
  item,
  isCurrent,
  isStop,
  onSeek,
  goTo,
}: {
  readonly item: TimelineItem
  readonly isCurrent: boolean
  /** Whether Tab comes to it; arrows go on from there. */
  readonly isStop: boolean
  /** `null` where the recording has no such place. */
  readonly onSeek: ((timeS: number) => void) | null
  readonly goTo: (key: string) => void
}): ReactElement {
  const { offsetMs, text } = item
  const isAbout = item.kind === "message" && !item.isPlaced
  const time = formatDuration(offsetMs)
  return (
    <li
      data-key={item.key}
      className={`timeline-row timeline-${item.kind}`}
      tabIndex={-1}
      aria-current={isCurrent ? "time" : undefined}
    >
      {item.kind === "aside" ? (
        <span className="timeline-time" />
      ) : onSeek === null ? (
        <span className="timeline-time">
          {item.kind === "message" ? formatMoment(item.line.message.statement.timeMs) : placeText(item)}
        </span>
      ) : (
        <Button
          className="timeline-time"
          excludeFromTabOrder={!isStop}
          aria-label={isAbout ? texts.seekAbout(time) : texts.seek(time)}
          onPress={() => {
            onSeek(offsetMs / MS_PER_S)
          }}
        >
          {isAbout ? `≈ ${time}` : time}
        </Button>
      )}
      {item.kind === "cue" ? (
        <p dir="auto">{text}</p>
      ) : item.kind === "aside" ? (
        <div>
          <Aside row={item.row} />
        </div>
      ) : item.kind === "imported" ? (
        <ImportedText line={item.line} />
      ) : (
        <div>
          <strong>{item.name}</strong>{" "}
          {item.isUnverified ? (
            <Mark kind="unverified" title={strings.chat.unverifiedMeaning}>
              {strings.chat.unverified}
            </Mark>
          ) : null}
          <Warnings message={item.line.message} />
          <MessageBody line={item.line} isActive goTo={goTo} />
        </div>
      )}
    </li>
  )
})

/** Where the recording has no such place. */
function placeText(item: TimelineItem): string {
  if (item.kind === "imported" && item.line.placeMs === null) return ""
  return `${item.offsetMs < 0 ? "−" : ""}${formatDuration(Math.abs(item.offsetMs))}`
}

/** From time to time, in a list. */
function moveFocus(event: KeyboardEvent<HTMLElement>): void {
  const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0
  if (step === 0 || !(event.target instanceof HTMLElement)) return
  const buttons = [...event.currentTarget.querySelectorAll<HTMLElement>("button.timeline-time")]
  const next = buttons[buttons.indexOf(event.target) + step]
  if (next === undefined || !buttons.includes(event.target)) return
  event.preventDefault()
  event.stopPropagation()
  next.focus()
}

function rowsIn(box: HTMLElement | null): readonly HTMLElement[] {
  return box === null ? [] : [...box.querySelectorAll<HTMLElement>("[data-key]")]
}
