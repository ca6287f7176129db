import { equalBytes } from "../../../shared/protocol/bytes.js"
import { ArchiveError } from "../../../shared/protocol/errors.js"
import { decodeEvent, eventHash } from "../../../shared/protocol/event.js"
import { sha256, ZERO_HASH } from "../../../shared/protocol/hash.js"
import { ChainResponse } from "../../../shared/protocol/http.js"
import { formatId, idOfHash } from "../../../shared/protocol/ids.js"
import { type EventBody, type Statement, showField, verifyBody } from "../../../shared/protocol/statement.js"
import type { MeetingLog } from "../../crypto/meeting-log.js"
import { openEventBody } from "../../crypto/log-event.js"
import { verifySignature } from "../../crypto/sodium.js"
import type { Client } from "../client.js"
import { fetchEvents } from "../meeting-events.js"
import { requireMeeting } from "../meetings.js"

/** An event of a log, opened, with its statement. */
export interface OpenEvent {
  readonly seq: number
  readonly statement: Statement
  readonly body: EventBody
}

/**
 * An event that this account can open and found valid.
 * @throws {@link ArchiveError} `not-found`; `not-authorised` for one that is void, or doesn't open.
 */
export async function openEventOf(client: Client, log: MeetingLog, seq: number): Promise<OpenEvent> {
  const known = log.eventHashes[seq]
  if (known === undefined) throw new ArchiveError("not-found", `the meeting's log has no event ${seq}`)
  const isVoid = log.voids.some((event) => event.seq === seq)
  const raw = (await fetchEvents(client, log.meetingHash, requireMeeting(client, log.meetingId).known))[seq]
  if (raw === undefined || !equalBytes(eventHash(raw), known))
    throw new ArchiveError("fork", "the meeting's log that the server gives is another than a moment ago", {
      place: `event ${seq}`,
    })
  const event = decodeEvent(raw)
  const epoch = log.epochs.find(({ keys }) => keys.epoch === event.epoch)
  if (isVoid || epoch === undefined)
    throw new ArchiveError(
      "not-authorised",
      isVoid ? `event ${seq} means nothing in this meeting: it proves nothing` : `event ${seq} does not open here`,
    )
  const body = openEventBody(event, seq === 0 ? ZERO_HASH : log.meetingHash, epoch.keys)
  return { seq, statement: verifyBody(body, verifySignature).statement, body }
}

/** Fields of a statement, each with its own proof; no other field can be made out of them. SPEC.md §6. */
export function showFields({ body }: OpenEvent, names: readonly string[]): readonly Uint8Array[] {
  return names.map((name) => showField(body, name))
}

/** The author's chain up to the head at which it signed, and no further. @throws {@link ArchiveError} `bad-chain`. */
export async function linksOfAuthor(client: Client, statement: Statement): Promise<readonly Uint8Array[]> {
  return await linksUpTo(client, statement.authorGenesisHash, [statement.authorChainHead])
}

/** An account's chain up to the newest of these heads, and no further. @throws {@link ArchiveError} `bad-chain` where it has one of them not. */
export async function linksUpTo(
  client: Client,
  genesisHash: Uint8Array,
  heads: readonly Uint8Array[],
): Promise<readonly Uint8Array[]> {
  const account = formatId("account", idOfHash("account", genesisHash))
  const { links } = await client.http.json(ChainResponse, { path: `/v1/accounts/${account}/chain`, subject: account })
  const hashes = links.map((raw) => sha256(raw))
  const places = heads.map((head) => hashes.findIndex((hash) => equalBytes(hash, head)))
  if (places.includes(-1))
    throw new ArchiveError("bad-chain", `the chain served for ${account} has not the head that it signed at`)
  return links.slice(0, Math.max(...places) + 1)
}
