import * as z from "zod"
import { equalBytes } from "../../shared/protocol/bytes.js"
import { ArchiveError, isArchiveError } from "../../shared/protocol/errors.js"
import { decodeEvent, eventHash, type MeetingEvent } from "../../shared/protocol/event.js"
import { EventsResponse } from "../../shared/protocol/http.js"
import { formatId, idOfHash, type MeetingId } from "../../shared/protocol/ids.js"
import { newestUserSeed } from "../crypto/account-keys.js"
import { openOwnBox } from "../crypto/epoch-boxes.js"
import { adminSigner, deriveEpochKeys } from "../crypto/epoch-keys.js"
import type { KnownEpochSecret } from "../crypto/epoch-secrets.js"
import type { Client } from "./client.js"
import { refreshKeys } from "./links.js"
import type { MeetingCapability } from "./tokens.js"

/** Epochs may begin while a log is being fetched; so often is it begun again. */
const ATTEMPTS = 20

/** Decoded and hashed once: an epoch event of a large meeting is a mebibyte. */
interface ServedEvent extends MeetingEvent {
  readonly hash: Uint8Array
}

/** The capability of a meeting's epoch. */
export function accessCapability(meetingId: MeetingId, secret: Uint8Array, epoch: number): MeetingCapability {
  return { kind: "meeting", id: meetingId, scope: "access", epoch, signer: deriveEpochKeys(secret, epoch).access }
}

/** The capability of those who hold an epoch's admin key. */
export function adminCapability(meetingId: MeetingId, adminSeed: Uint8Array, epoch: number): MeetingCapability {
  return { kind: "meeting", id: meetingId, scope: "admin", epoch, signer: adminSigner(adminSeed) }
}

/**
 * Every event of a meeting as served, the genesis first; nothing is verified yet.
 * To a key of an older epoch the server gives later epoch events alone: their boxes lead to the newest epoch's key, which is given the whole log.
 * Where no box does, as in an event of noise, the admin key is: so no member locks an admin out. SPEC.md §11.
 * @throws {@link ArchiveError} `not-authorised` where no key that this account can get opens the newest epoch; `bad-chain`.
 */
export async function fetchEvents(
  client: Client,
  meetingHash: Uint8Array,
  known: readonly KnownEpochSecret[],
): Promise<readonly Uint8Array[]> {
  const meetingId = idOfHash("meeting", meetingHash)
  const held = [...known]
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const newest = held.reduce<KnownEpochSecret | null>(
      (found, candidate) => (found === null || candidate.epoch > found.epoch ? candidate : found),
      null,
    )
    if (newest === null) break
    const rawEvents = await fetchPages(client, accessCapability(meetingId, newest.secret, newest.epoch))
    const served = rawEvents.map((raw): ServedEvent => ({ hash: eventHash(raw), ...decodeEvent(raw) }))
    // Also from the genesis on an older key is given epoch events alone: only where none leads further this can be the whole log.
    const later = followEpochs(client, meetingHash, held, served)
    held.push(...later)
    if (later.length > 0) continue
    const [first] = served
    const beginsIt = first !== undefined && equalBytes(first.hash, meetingHash)
    if (beginsIt && !mayLackWhatIsNoEpoch(held, served)) return rawEvents
    if (await takesNewerKeys(client)) continue
    const admin = adminOfNewest(meetingId, held, served)
    if (admin !== null) return await fetchPages(client, admin)
    break
  }
  throw new ArchiveError(
    "not-authorised",
    `the newest epoch of ${formatId("meeting", meetingId)} does not open for this account: it may have been taken out of the meeting`,
  )
}

/** Secrets of later epochs, each from its box under the base's tag. They serve to ask for the log; what is true of it the log's own verification says. */
function followEpochs(
  client: Client,
  meetingHash: Uint8Array,
  known: readonly KnownEpochSecret[],
  served: readonly ServedEvent[],
): readonly KnownEpochSecret[] {
  const { secrets } = client.state.current
  const found: KnownEpochSecret[] = []
  for (const event of served) {
    const { hash, epochPart: part } = event
    const held = [...known, ...found]
    const base = held.find((candidate) => part !== null && equalBytes(candidate.eventHash, part.base))
    if (
      part === null ||
      base === undefined ||
      event.epoch <= base.epoch ||
      held.some((candidate) => equalBytes(candidate.eventHash, hash))
    )
      continue
    const secret = boxOrNull(event, meetingHash, base.secret, secrets)
    const opens = secret !== null && equalBytes(deriveEpochKeys(secret, event.epoch).access.publicKey, part.accessKey)
    if (opens) found.push({ eventHash: hash, epoch: event.epoch, secret, adminSeed: null })
  }
  return found
}

/** Whether another device of this account made a user key since, which this one has from now on: boxes may be sealed to it. */
async function takesNewerKeys(client: Client): Promise<boolean> {
  const before = newestUserSeed(client.state.current.secrets).generation
  await refreshKeys(client)
  return newestUserSeed(client.state.current.secrets).generation > before
}

/** A box of noise is as good as none: it must not keep anybody from the epochs behind it. */
function boxOrNull(...own: Parameters<typeof openOwnBox>): Uint8Array | null {
  try {
    return openOwnBox(...own)
  } catch (error) {
    if (!isArchiveError(error) || error.code !== "bad-boxes") throw error
    return null
  }
}

/** Whether this may be what the server gives to an older key: epoch events alone, the newest of which opens to none that is held. */
function mayLackWhatIsNoEpoch(held: readonly KnownEpochSecret[], served: readonly ServedEvent[]): boolean {
  const newest = served.at(-1)
  return (
    newest !== undefined &&
    !held.some((known) => equalBytes(known.eventHash, newest.hash)) &&
    served.every(({ epochPart }) => epochPart !== null)
  )
}

/** What opens the newest of these epochs to whoever holds its admin seed. */
function adminOfNewest(
  meetingId: MeetingId,
  held: readonly KnownEpochSecret[],
  served: readonly ServedEvent[],
): MeetingCapability | null {
  const epochEvents = served.filter(({ epochPart }) => epochPart !== null)
  const newest = epochEvents.reduce<MeetingEvent | undefined>(
    (found, event) => (found === undefined || event.epoch > found.epoch ? event : found),
    undefined,
  )
  if (newest?.epochPart == null) return null
  const { adminKey } = newest.epochPart
  const seed = held.find(
    ({ adminSeed }) => adminSeed !== null && equalBytes(adminSigner(adminSeed).publicKey, adminKey),
  )?.adminSeed
  return seed == null ? null : adminCapability(meetingId, seed, newest.epoch)
}

async function fetchPages(client: Client, capability: MeetingCapability): Promise<readonly Uint8Array[]> {
  return await client.tokens.with(client.http, capability, async (token, subject) => {
    const rawEvents: Uint8Array[] = []
    for (let from: number | null = 0; from !== null;) {
      const page: z.output<typeof EventsResponse> = await client.http.json(EventsResponse, {
        path: `/v1/meetings/${subject}/events?from=${from}`,
        subject,
        token,
      })
      rawEvents.push(...page.events)
      // An older epoch's pages skip events, so only that they go on is asked here.
      if (page.next !== null && (page.next <= from || page.events.length === 0))
        throw new ArchiveError("bad-chain", "a log whose pages do not follow each other")
      from = page.next
    }
    return rawEvents
  })
}
