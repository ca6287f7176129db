import type * as z from "zod"
import { NoticesResponse } from "../../shared/protocol/http.js"
import { encodeCbor } from "../../shared/protocol/cbor.js"
import { includesHash, sha256 } from "../../shared/protocol/hash.js"
import type { MeetingLog } from "../crypto/meeting-log.js"
import { accountCapability } from "./account.js"
import type { Client } from "./client.js"
import { currentCapability } from "./meetings.js"

/** What the operator tells those concerned of requests by authorities. It is the server's own word: nothing of it can be verified here. SPEC.md §17. */

export type Notice = z.output<typeof NoticesResponse>["notices"][number] & {
  /** The genesis hash of the account, or the meeting hash, of which it was asked for: one case can be of both. */
  readonly concerns: Uint8Array
}
export type NoticeStep = Notice["steps"][number]

/** Put aside are so many, the newest. */
const HEEDED_LIMIT = 500

/** Requests that concern this account itself. */
export async function accountNotices(client: Client): Promise<readonly Notice[]> {
  const { notices } = await client.tokens.with(
    client.http,
    accountCapability(client),
    async (token, subject) =>
      await client.http.json(NoticesResponse, { path: `/v1/accounts/${subject}/notices`, subject, token }),
  )
  const concerns = client.state.current.secrets.genesisHash
  return notices.map((notice) => ({ ...notice, concerns }))
}

/** Requests that concern a meeting, or assets of it. */
export async function meetingNotices(client: Client, log: MeetingLog): Promise<readonly Notice[]> {
  const { notices } = await client.tokens.with(
    client.http,
    currentCapability(log),
    async (token, subject) =>
      await client.http.json(NoticesResponse, { path: `/v1/meetings/${subject}/notices`, subject, token }),
  )
  return notices.map((notice) => ({ ...notice, concerns: log.meetingHash }))
}

/** Those that nobody put aside on this device, as they stand: a further step brings one back. */
export function unheededNotices(client: Client, notices: readonly Notice[]): readonly Notice[] {
  const { heededNotices } = client.state.current
  return notices.filter((notice) => !includesHash(heededNotices, hashOf(notice)))
}

/** Puts notices aside, on this device. */
export async function heedNotices(client: Client, notices: readonly Notice[]): Promise<void> {
  await client.state.update((state) => ({
    ...state,
    heededNotices: [...state.heededNotices, ...notices.map(hashOf)].slice(-HEEDED_LIMIT),
  }))
}

function hashOf({ concerns, case: caseId, kind, steps }: Notice): Uint8Array {
  return sha256(encodeCbor([concerns, caseId, kind, steps.length, steps.at(-1)?.day ?? 0]))
}
