import { ArchiveError } from "../../../shared/protocol/errors.js"
import type { MeetingId } from "../../../shared/protocol/ids.js"
import { checkOpening } from "../../../shared/protocol/opening-check.js"
import { encodeOpeningHead } from "../../../shared/protocol/opening.js"
import { verifySignature } from "../../crypto/sodium.js"
import type { Client } from "../client.js"
import { readMeeting } from "../meetings.js"
import { linksOfAuthor, openEventOf, type OpenEvent, showFields } from "./statement-proof.js"

/** An event whose fields can be opened. */
export interface OpenableEvent {
  readonly event: OpenEvent
  readonly names: readonly string[]
}

/** @throws {@link ArchiveError} `not-found`, `not-authorised`, and what makes a log unreadable. */
export async function openableEvent(client: Client, meetingId: MeetingId, seq: number): Promise<OpenableEvent> {
  const log = await readMeeting(client, meetingId)
  const event = await openEventOf(client, log, seq)
  return { event, names: event.body.fields.map(({ name }) => name) }
}

/**
 * An opening of some fields of an event: who signed them, and what they say. The other fields stay closed, as their salts are not in it. SPEC.md §18.
 * @throws {@link ArchiveError} `usage` for a field that the event has not; `bad-chain`.
 */
export async function makeEventOpening(
  client: Client,
  { event, names }: OpenableEvent,
  chosen: readonly string[],
): Promise<Uint8Array> {
  const unique = [...new Set(chosen)]
  const unknown = unique.find((name) => !names.includes(name))
  if (unknown !== undefined || unique.length === 0)
    throw new ArchiveError("usage", `event ${event.seq} has no field ${unknown ?? ""}; it has ${names.join(", ")}`)
  const head = { shown: showFields(event, unique), links: await linksOfAuthor(client, event.statement), asset: null }
  checkOpening(head, verifySignature)
  return encodeOpeningHead(head)
}
