import { equalBytes } from "../../../shared/protocol/bytes.js"
import { ZERO_HASH } from "../../../shared/protocol/hash.js"
import type { Client } from "../client.js"
import { type ChatState, type ClientState, NOTHING_UNREAD } from "../state.js"

/** What a device keeps of a meeting's chat. */
export function chatStateOf(state: ClientState, meetingHash: Uint8Array): ChatState {
  return state.chats.find((chat) => equalBytes(chat.meetingHash, meetingHash)) ?? newChatState(meetingHash)
}

/** Of one that it never read or wrote in. */
export function newChatState(meetingHash: Uint8Array): ChatState {
  return {
    meetingHash,
    next: { counter: 0, prev: ZERO_HASH },
    pin: null,
    datedPlaces: [],
    heads: [],
    outbox: [],
    deletions: [],
    looseFiles: [],
    readUntil: null,
    unread: { ...NOTHING_UNREAD },
  }
}

/** Durably. */
export async function updateChat(
  client: Client,
  meetingHash: Uint8Array,
  change: (chat: ChatState) => ChatState,
): Promise<void> {
  await client.state.update((state) => withChat(state, meetingHash, change))
}

/** The same state where nothing changes. */
export function withChat(
  state: ClientState,
  meetingHash: Uint8Array,
  change: (chat: ChatState) => ChatState,
): ClientState {
  const before = chatStateOf(state, meetingHash)
  const after = change(before)
  if (after === before) return state
  return { ...state, chats: [...state.chats.filter((chat) => !equalBytes(chat.meetingHash, meetingHash)), after] }
}
