import { equalBytes } from "../../shared/protocol/bytes.js"
import type { VerifiedChain } from "../../shared/protocol/chain.js"
import { type ArchiveError, isArchiveError } from "../../shared/protocol/errors.js"
import { includesHash } from "../../shared/protocol/hash.js"
import { InboxPostResponse } from "../../shared/protocol/http.js"
import { type AccountId, formatId, idOfHash } from "../../shared/protocol/ids.js"
import type { Client } from "./client.js"
import { readMeeting } from "./meetings.js"
import { sleep } from "./retry.js"
import type { ClientState } from "./state.js"

/** What is to be left in other people's inboxes, kept until it is there. */

export type OutboxItem = ClientState["outbox"][number]

/** What is posted leaves at a random moment within this time, so that it does not stand beside what this account did before. */
const OUTBOX_DELAY_MS = 1_500

/** @param admission the event that admits the recipient, and its place in the log, where it is an invitation: only where the log has it, the box is sent. */
export function outboxItem(
  client: Client,
  recipient: VerifiedChain,
  box: Uint8Array,
  admission: { readonly meetingHash: Uint8Array; readonly eventHash: Uint8Array; readonly seq: number } | null,
): OutboxItem {
  const delay = new DataView(client.random(4).buffer).getUint32(0) % OUTBOX_DELAY_MS
  return {
    recipient: recipient.accountId,
    box,
    notBeforeMs: client.clock.nowMs() + delay,
    meetingHash: admission?.meetingHash ?? null,
    eventHash: admission?.eventHash ?? null,
    eventSeq: admission?.seq ?? null,
  }
}

/**
 * Posts what waits, each at its time; what fails stays for a later call, and so does what admits nobody yet. What never will, or can't be known to, is dropped.
 * @throws {@link ArchiveError} at once where the server is not there; what one recipient's inbox refuses holds back nobody else's, and is thrown at the end.
 */
export async function flushOutbox(client: Client): Promise<void> {
  const failures: ArchiveError[] = []
  for (const item of client.state.current.outbox)
    try {
      await postItem(client, item)
    } catch (error) {
      if (!isArchiveError(error) || error.retryable || error.code === "interrupted") throw error
      failures.push(error)
    }
  if (failures[0] !== undefined) throw failures[0]
}

async function postItem(client: Client, item: OutboxItem): Promise<void> {
  const isDue = await isToBeSent(client, item)
  if (isDue === null) return
  if (isDue) {
    await sleep(Math.min(Math.max(0, item.notBeforeMs - client.clock.nowMs()), OUTBOX_DELAY_MS))
    const recipient = formatId("account", item.recipient as AccountId)
    await client.http.json(InboxPostResponse, {
      method: "POST",
      path: `/v1/accounts/${recipient}/inbox`,
      subject: `inbox of ${recipient}`,
      headers: { "content-type": "application/octet-stream" },
      body: item.box,
    })
  }
  await client.state.update((state) => withoutBox(state, item.box))
}

export function withoutBox(state: ClientState, box: Uint8Array): ClientState {
  return { ...state, outbox: state.outbox.filter((other) => !equalBytes(other.box, box)) }
}

/** @returns `null` where that is not decided: the event was sent, and may still come. */
async function isToBeSent(client: Client, { meetingHash, eventHash, eventSeq }: OutboxItem): Promise<boolean | null> {
  if (meetingHash === null || eventHash === null) return true
  try {
    const log = await readMeeting(client, idOfHash("meeting", meetingHash))
    if (includesHash(log.eventHashes, eventHash)) return true
    return eventSeq !== null && log.head.seq < eventSeq ? null : false
  } catch (error) {
    // This account was taken out of the meeting: another admin can invite again.
    if (isArchiveError(error) && error.code === "not-authorised") return false
    throw error
  }
}
