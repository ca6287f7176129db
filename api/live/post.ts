import * as z from "zod"
import { ArchiveError } from "../../shared/protocol/errors.js"
import { asId } from "../../shared/protocol/ids.js"
import { LIVE_REQUESTS, LivePosted } from "../../shared/protocol/live.js"
import { readPosted } from "../../shared/server/catalog/messages.js"
import type { ApiContext } from "../context.js"
import { parse } from "../mount.js"
import type { Seat } from "./seats.js"

/**
 * Keeps a message that came on a meeting's socket, by the token that the socket lives by: as `POST …/messages` does. SPEC.md §16.4, CS1 to CS3.
 * @returns the acknowledgement: where it stands.
 * @throws {@link ArchiveError} why it was not taken.
 */
export async function postFromSeat(
  { commits, limits }: Pick<ApiContext, "commits" | "limits">,
  seat: Seat,
  raw: unknown,
): Promise<z.input<typeof LivePosted>> {
  const { message } = parse(LIVE_REQUESTS.post, raw, "post")
  if (!(await limits.takesPost(seat.tokenHash))) throw new ArchiveError("rate-limited", "too many messages in a minute")
  const meetingId = asId("meeting", seat.subject)
  const { place } = await commits.post(meetingId, readPosted(meetingId, seat, message))
  return z.encode(LivePosted, { refused: null, placed: place })
}
