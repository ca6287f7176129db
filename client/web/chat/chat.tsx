import { type ReactElement, useMemo, useRef, useState, useSyncExternalStore } from "react"
import { equalBytes, toHex } from "../../../shared/protocol/bytes.js"
import { isArchiveError } from "../../../shared/protocol/errors.js"
import type { MessageId } from "../../../shared/protocol/ids.js"
import { textContent } from "../../../shared/protocol/message-content.js"
import type { MeetingLog } from "../../crypto/meeting-log.js"
import type { ChatText } from "../../sdk/chat/fold.js"
import { isNewTo, lookedUntil } from "../../sdk/chat/unread.js"
import { useClient } from "../signed-in/client-context.js"
import { knownAs } from "../signed-in/naming.js"
import { useMeeting } from "../signed-in/use-meeting.js"
import { errorTexts, strings } from "../strings.js"
import "../styles/chat.css"
import { Action } from "../ui/button.js"
import { Busy } from "../ui/busy.js"
import { Confirm } from "../ui/confirm.js"
import { Empty } from "../ui/empty.js"
import { Failure, Notice } from "../ui/notice.js"
import { ChatFailure } from "./chat-failure.js"
import { ChatList } from "./chat-list.js"
import { Composer } from "./composer.js"
import { type Draft, Drafts } from "./drafts.js"
import { Incoming } from "./incoming.js"
import { usePlaceNow } from "./place.js"
import type { ChatView, RoomChat } from "./room-chat.js"
import { ThrowAway } from "./throw-away.js"
import { useChatView } from "./use-chat.js"
import { type Going, useGoing } from "./use-going.js"

const texts = strings.chat

const drafts = new Drafts()

/** A meeting's chat, live. */
export function Chat({
  log,
  messageId = null,
}: {
  readonly log: MeetingLog
  /** What is to be before somebody's eyes; `null`: the newest, or what is new. */
  readonly messageId?: MessageId | null
}): ReactElement {
  const { chat } = useMeeting()
  return chat === null ? <Busy label={texts.opening} /> : <OpenChat log={log} chat={chat} messageId={messageId} />
}

function OpenChat({
  log,
  chat,
  messageId,
}: {
  readonly log: MeetingLog
  readonly chat: RoomChat
  readonly messageId: MessageId | null
}): ReactElement {
  const client = useClient()
  const self = client.state.current.secrets.genesisHash
  const view = useChatView(chat)
  const place = log.meetingId.join()
  const draft = useSyncExternalStore(drafts.subscribe, () => drafts.of(place))
  const [removed, setRemoved] = useState<ChatText | null>(null)
  const [sentCount, setSentCount] = useState(0)
  const [failure, setFailure] = useState<unknown>(null)
  const [lookedAt] = useState(() => lookedUntil(client.state.current, log.meetingHash))
  /** What comes while somebody looks is no news. */
  const readUntil = useRef<{ readonly place: typeof lookedAt } | null>(null)
  if (view.isRead)
    readUntil.current ??= {
      place: view.lines.some((line) => line.kind === "text" && isNewTo(lookedAt, line.message)) ? lookedAt : null,
    }
  const placeNow = usePlaceNow(log)
  const going = useGoing(chat, view, messageId)
  const field = useRef<HTMLTextAreaElement>(null)
  const commands = useMemo(() => {
    const begin = (next: Draft): void => {
      drafts.write(place, next)
      field.current?.focus()
    }
    return {
      reply: (line: ChatText) => {
        begin({ ...drafts.of(place), about: { kind: "reply", line } })
      },
      edit: (line: ChatText) => {
        begin({ text: line.text ?? "", files: [], about: { kind: "edit", line } })
      },
      remove: setRemoved,
      react: (line: ChatText, reaction: string, isSet: boolean) => {
        chat.send({ type: "reaction", target: targetOf(line), reaction, isSet }).catch(setFailure)
      },
    }
  }, [chat, place])
  if (view.error !== null) return <ChatFailure chat={chat} error={view.error} />
  return (
    <section className="chat" aria-label={strings.meeting.tabs.chat}>
      <WayTo going={going} />
      {view.isRead ? (
        view.lines.length + view.waiting.length === 0 && !view.hasOlder && view.notKept === null ? (
          <Empty title={texts.emptyTitle}>
            <p>{texts.empty}</p>
          </Empty>
        ) : (
          <ChatList
            chat={chat}
            view={view}
            readUntil={readUntil.current?.place ?? null}
            waitingState={waitingStateOf(view)}
            sentCount={sentCount}
            goToKey={going.key}
            commands={commands}
          />
        )
      ) : view.waiting.length > 0 ? (
        <ChatList
          chat={chat}
          view={view}
          readUntil={null}
          waitingState={waitingStateOf(view)}
          sentCount={sentCount}
          goToKey={null}
          commands={commands}
        />
      ) : (
        <Busy label={texts.opening} />
      )}
      <Standing chat={chat} view={view} />
      <Failure error={failure} />
      <Writing people={view.typing} />
      <Composer
        log={log}
        draft={draft}
        field={field}
        onDraft={(next) => {
          if (next.text !== draft.text && next.text !== "") chat.type()
          drafts.write(place, next)
        }}
        onSend={async ({ text, about }, { mentions, files }) => {
          await chat.send(
            about?.kind === "edit"
              ? { type: "edit", target: targetOf(about.line), text, mentions }
              : textContent(text, {
                  mentions,
                  files,
                  place: placeNow(),
                  replyTo: about === null ? null : targetOf(about.line),
                }),
          )
          setSentCount((count) => count + 1)
        }}
        onBack={(unsent) => {
          drafts.putBack(place, unsent)
        }}
        onEditLast={() => {
          const own = view.lines.findLast(
            (line) =>
              line.kind === "text" && line.text !== null && equalBytes(line.message.statement.authorGenesisHash, self),
          )
          if (own?.kind === "text") commands.edit(own)
        }}
      />
      <Incoming view={view} />
      <Confirm
        title={texts.removeTitle}
        action={texts.removeAction}
        isOpen={removed !== null}
        onClose={() => {
          setRemoved(null)
        }}
        onConfirm={async () => {
          if (removed !== null) await chat.remove(removed.message)
        }}
      >
        <p>{texts.removeMeaning}</p>
        {removed === null || removed.content.files.length === 0 ? null : <p>{filesMeaningOf(removed, self)}</p>}
      </Confirm>
    </section>
  )
}

/** What becomes of the files of a message that is deleted. */
function filesMeaningOf({ content, message }: ChatText, self: Uint8Array): string {
  const isOwn = equalBytes(message.statement.authorGenesisHash, self)
  const isDeletable = isOwn && content.files.every(({ uploadSecretBox }) => uploadSecretBox !== null)
  return isDeletable ? texts.removeFiles : isOwn ? texts.removeFilesOld : texts.removeFilesOther
}

/** While what a link leads to is not there yet, and where it isn't any more. */
function WayTo({ going }: { readonly going: Going }): ReactElement | null {
  if (going.error !== null)
    return (
      <Failure error={going.error}>
        <Action onPress={going.retry}>{strings.common.tryAgain}</Action>
      </Failure>
    )
  if (going.state === "reading") return <Busy label={texts.goingBack} />
  return going.state === "missing" ? <Notice>{texts.notThere}</Notice> : null
}

/** Who else writes right now: to be seen alone, since it would be said aloud again and again. */
function Writing({ people }: { readonly people: readonly Uint8Array[] }): ReactElement {
  const client = useClient()
  const names = people.map((genesisHash) => knownAs(client, genesisHash).name)
  return <p className="faint writing">{names.length === 0 ? "" : texts.writing(names)}</p>
}

/** What keeps messages from coming, or this device's own from going. */
function Standing({ chat, view }: { readonly chat: RoomChat; readonly view: ChatView }): ReactElement | null {
  const { unsentCount, firstUnsent, sendTrouble, trouble } = view
  if (unsentCount > 0 && (sendTrouble !== null || trouble !== null)) {
    const code = isArchiveError(sendTrouble) && !sendTrouble.retryable ? sendTrouble.code : null
    return (
      <Notice kind="warning" title={texts.waiting(unsentCount)}>
        {code === null ? (
          <p>{texts.waitingAway}</p>
        ) : (
          <p>
            {errorTexts[code].what} {errorTexts[code].todo}
          </p>
        )}
        <div className="actions">
          <Action
            onPress={() => {
              chat.sendAgain()
            }}
          >
            {texts.sendAgain}
          </Action>
          {code === "not-renewed" ? (
            <Action
              onPress={() => {
                chat.sendAgain(true)
              }}
            >
              {texts.sendAnyway}
            </Action>
          ) : null}
          {code === null || firstUnsent === null ? null : (
            <ThrowAway key={toHex(firstUnsent.messageId)} chat={chat} message={firstUnsent} count={unsentCount} />
          )}
        </div>
      </Notice>
    )
  }
  return trouble === null ? null : <Notice>{texts.away}</Notice>
}

function waitingStateOf({ sendTrouble, trouble }: ChatView): "sending" | "kept" | "refused" {
  if (isArchiveError(sendTrouble) && !sendTrouble.retryable) return "refused"
  return sendTrouble !== null || trouble !== null ? "kept" : "sending"
}

function targetOf({ message }: ChatText): {
  readonly messageId: ChatText["message"]["messageId"]
  readonly hash: Uint8Array
} {
  return { messageId: message.messageId, hash: message.hash }
}
