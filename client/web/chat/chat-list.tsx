import { type KeyboardEvent, memo, type ReactElement, useEffect, useMemo, useRef, useState } from "react"
import { equalBytes } from "../../../shared/protocol/bytes.js"
import { useClient } from "../signed-in/client-context.js"
import { strings } from "../strings.js"
import { Action } from "../ui/button.js"
import { formatDay } from "../ui/format.js"
import { Failure } from "../ui/notice.js"
import { useTask } from "../ui/use-task.js"
import { FindTextContext, MessageRow, type RowCommands } from "./message-row.js"
import { Aside, ClosedRow, WaitingRow } from "./other-rows.js"
import type { ChatView, RoomChat } from "./room-chat.js"
import { type ChatRow, rowsOf } from "./rows.js"
import { useFindText } from "./use-find-text.js"
import { useWindow } from "./use-window.js"

const texts = strings.chat

/** The messages, from the newest back to the first, as many laid out as are looked at. One of them has the focus: arrows go to the next. */
export function ChatList({
  chat,
  view,
  readUntil,
  waitingState,
  sentCount,
  goToKey,
  commands,
}: {
  readonly chat: RoomChat
  readonly view: ChatView
  /** Up to where its person had looked when this was opened. */
  readonly readUntil: Parameters<typeof rowsOf>[0]["readUntil"]
  readonly waitingState: "sending" | "kept" | "refused"
  /** Grows with each message that is sent from here: that is shown. */
  readonly sentCount: number
  /** Of the message that a link leads to, once it was read. */
  readonly goToKey: string | null
  readonly commands: Omit<RowCommands, "goTo">
}): ReactElement {
  const self = useClient().state.current.secrets.genesisHash
  const { lines, waiting, hasOlder, notKept, changing } = view
  const rows = useMemo(
    () => rowsOf({ lines, waiting, self, readUntil, hasOlder }),
    [lines, waiting, self, readUntil, hasOlder],
  )
  const older = useTask(async () => {
    await chat.readOlder()
  })
  const { scroller, shown, isAtEnd, toNewest, goTo } = useWindow(
    rows,
    rows.some(({ kind }) => kind === "fresh") ? "fresh" : null,
    {
      onUp: () => {
        chat.prepareOlder()
      },
      onTop: () => {
        if (hasOlder && older.error === null) older.run()
      },
    },
  )
  const [activeKey, setActiveKey] = useState<string | null>(null)
  const tabStop = shown.some(({ key }) => key === activeKey) ? activeKey : (shown.at(-1)?.key ?? null)
  useLooking(chat, view, isAtEnd)
  useEffect(() => {
    if (sentCount > 0) toNewest()
  }, [sentCount, toNewest])
  const gone = useRef<string | null>(null)
  useEffect(() => {
    if (goToKey === null || gone.current === goToKey || !rows.some(({ key }) => key === goToKey)) return
    gone.current = goToKey
    setActiveKey(goToKey)
    goTo(goToKey)
  }, [rows, goToKey, goTo])
  const find = useFindText(lines)
  const all = useMemo<RowCommands>(
    () => ({
      ...commands,
      goTo: (key) => {
        setActiveKey(key)
        goTo(key)
      },
    }),
    [commands, goTo],
  )
  const fresh = useNewBelow(rows, self, isAtEnd)
  return (
    <div className="chat-list">
      <div className="chat-scroll" ref={scroller}>
        <ol aria-label={texts.list} aria-busy={older.isBusy || undefined} onKeyDown={moveFocus}>
          <li className="chat-begin">
            {hasOlder
              ? older.isBusy
                ? texts.older
                : null
              : notKept === null
                ? texts.begin
                : notKept.writtenBeforeMs === null
                  ? texts.maybeNotKept
                  : texts.notKept(formatDay(notKept.writtenBeforeMs))}
            <Failure error={older.error}>
              <p>{texts.olderFailed}</p>
              <Action onPress={older.run}>{strings.common.tryAgain}</Action>
            </Failure>
          </li>
          <FindTextContext value={find}>
            {shown.map((row) => (
              <ListedRow
                key={row.key}
                row={row}
                isTabStop={row.key === tabStop}
                isActive={row.key === activeKey}
                isChanging={changing.has(row.key)}
                waitingState={row.kind === "waiting" ? waitingState : null}
                commands={all}
                onActive={setActiveKey}
              />
            ))}
          </FindTextContext>
        </ol>
      </div>
      {isAtEnd ? null : (
        <div className="chat-newest">
          <Action
            onPress={() => {
              toNewest()
              chat.letGo()
            }}
          >
            <span aria-hidden="true">↓</span> {fresh === 0 ? texts.newest : texts.newestWith(fresh)}
          </Action>
        </div>
      )}
    </div>
  )
}

interface ListedRowProps {
  readonly row: ChatRow
  readonly isTabStop: boolean
  readonly isActive: boolean
  readonly isChanging: boolean
  /** Of what waits. */
  readonly waitingState: "sending" | "kept" | "refused" | null
  readonly commands: RowCommands
  readonly onActive: (key: string) => void
}

/** Stays as it is while others of the list change: they are hundreds. */
const ListedRow = memo(function ListedRow(props: ListedRowProps): ReactElement {
  const { row, isTabStop, isActive, onActive } = props
  return (
    <li
      data-row={row.key}
      className={`chat-row chat-row-${row.kind}${row.kind === "text" && row.isFirst ? " chat-row-first" : ""}`}
      tabIndex={isTabStop ? 0 : -1}
      data-active={isActive || undefined}
      onFocus={() => {
        onActive(row.key)
      }}
      onPointerMove={({ pointerType, movementX, movementY }) => {
        // What moves beneath a pointer that rests is not pointed at.
        if (pointerType === "mouse" && (movementX !== 0 || movementY !== 0)) onActive(row.key)
      }}
      onClick={() => {
        onActive(row.key)
      }}
    >
      <Row {...props} />
    </li>
  )
}, isSameRow)

/** Rows are made anew whenever something comes; what is in them is not. */
function isSameRow({ row, ...others }: ListedRowProps, { row: next, ...nextOthers }: ListedRowProps): boolean {
  return isAlike(row, next) && isAlike(others, nextOthers)
}

function isAlike(one: object, other: object): boolean {
  const fields = Object.entries(one)
  return (
    fields.length === Object.keys(other).length && fields.every(([name, value]) => value === Reflect.get(other, name))
  )
}

function Row({ row, isActive, isChanging, waitingState, commands }: ListedRowProps): ReactElement | null {
  switch (row.kind) {
    case "day":
      return <span className="chat-day">{formatDay(row.timeMs)}</span>
    case "fresh":
      return <span className="chat-fresh">{texts.fresh}</span>
    case "text":
      return (
        <MessageRow
          line={row.line}
          isFirst={row.isFirst}
          isActive={isActive}
          isChanging={isChanging}
          commands={commands}
        />
      )
    case "waiting":
      return waitingState === null ? null : (
        <WaitingRow message={row.message} isFirst={row.isFirst} state={waitingState} />
      )
    case "closed":
      return <ClosedRow count={row.count} />
    default:
      return <Aside row={row} />
  }
}

/** From message to message, where no control inside of one has the focus. */
function moveFocus(event: KeyboardEvent<HTMLElement>): void {
  const { target, key, currentTarget } = event
  if (!(target instanceof HTMLElement) || target.dataset["row"] === undefined) return
  const rows = [...currentTarget.querySelectorAll<HTMLElement>("[data-row]")]
  const at = rows.indexOf(target)
  const next =
    key === "ArrowUp"
      ? rows[at - 1]
      : key === "ArrowDown"
        ? rows[at + 1]
        : key === "Home"
          ? rows[0]
          : key === "End"
            ? rows.at(-1)
            : undefined
  if (next === undefined) return
  event.preventDefault()
  next.focus()
}

/** Nothing is new any more that stands before somebody's eyes. */
function useLooking(chat: RoomChat, view: ChatView, isAtEnd: boolean): void {
  useEffect(() => {
    chat.standAtNewest(isAtEnd)
    return () => {
      chat.standAtNewest(false)
    }
  }, [chat, isAtEnd])
  useEffect(() => {
    if (!isAtEnd || !view.isRead) return
    const look = (): void => {
      if (document.visibilityState === "visible") chat.look()
    }
    look()
    document.addEventListener("visibilitychange", look)
    return () => {
      document.removeEventListener("visibilitychange", look)
    }
  }, [chat, view, isAtEnd])
}

/** How many messages of others came below since somebody went up. */
function useNewBelow(rows: readonly ChatRow[], self: Uint8Array, isAtEnd: boolean): number {
  const last = useRef<string | null>(null)
  if (isAtEnd) last.current = rows.findLast(({ kind }) => kind === "text")?.key ?? null
  if (isAtEnd) return 0
  const at = rows.findIndex(({ key }) => key === last.current)
  return rows
    .slice(at + 1)
    .filter((row) => row.kind === "text" && !equalBytes(row.line.message.statement.authorGenesisHash, self)).length
}
