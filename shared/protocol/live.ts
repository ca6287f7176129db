import * as z from "zod"
import { ERROR_CODES } from "./errors.js"
import { bytesOf, HTTP_LIMITS, PlacedMessage, PostMessageRequest, PostMessageResponse } from "./http.js"
import { LIMITS } from "./limits.js"
import { HASH_BYTES, ID_BYTES } from "./hash.js"
import { PRESENCE_BYTES } from "./presence.js"

/**
 * What goes over sockets: socket.io, by WebSocket alone. SPEC.md §11.1.
 * A socket is of one subject. What the server says on it are nudges: they prove nothing, and who hears one fetches and verifies.
 */

export const LIVE_PATH = "/v1/live"

/** The namespace of a subject's kind. */
export const LIVE_NAMESPACES = { meeting: "/meeting", account: "/account" } as const

export type LiveKind = keyof typeof LIVE_NAMESPACES

export const LIVE_LIMITS = {
  messageBytes: 64 * 1024,
  /** Requests of one socket, and what it says. What it posts is counted by its token. */
  requestsPerMinute: 60,
  /** What is said in one meeting, that one process passes on. SPEC.md §11.2, PR2. */
  saidPerSecond: 50,
  /** So many messages may wait for a socket that takes none before nothing more that is said is passed to it. */
  saidWaiting: 64,
  /** So much may wait for a socket that takes nothing before it is told how many messages of a chat there are instead. */
  bytesWaiting: 1024 * 1024,
  /** On one process, each. */
  socketsPerSubject: 2 * LIMITS.members,
  socketsPerAddress: 500,
} as const

const token = bytesOf(HTTP_LIMITS.tokenBytes)

/** The `auth` of a handshake. */
export const LiveAuth = z.strictObject({ token })

/** What a client asks on a socket, by the event's name. Each is acknowledged. */
export const LIVE_REQUESTS = {
  /** A newer token of the same subject takes the place of the socket's own. */
  renew: z.strictObject({ token }),
  /** On a meeting's socket: a message to be kept. SPEC.md §16.4. */
  post: PostMessageRequest,
} as const

/** What is said to the meeting's other sockets: `say` by a client, `said` by the server, as it is. SPEC.md §11.2. */
export const Saying = z.strictObject({ sealed: bytesOf(PRESENCE_BYTES) })

/** Beside requests, on a meeting's socket alone, and not acknowledged. */
export const SAY = "say"
export const SAID = "said"

const count = z.int().min(0)
const Head = z.object({ seq: count, hash: bytesOf(HASH_BYTES) })

/** The newest entry of a log, a sigchain, a keyring; what waits in an inbox. By the event's name. */
export const LIVE_NUDGES = {
  log: Head,
  chain: Head,
  keyring: Head,
  /** How many messages there were in the meeting's chat. */
  chat: z.object({ count }),
  inbox: z.object({ entries: count, newest: bytesOf(ID_BYTES).nullable() }),
} as const

/** Messages of the chat that were just kept, to the sockets of their meeting. Whoever hears them takes each as a {@link LiveMessage} by itself. SPEC.md §16.4. */
export const LiveMessages = z.object({ messages: z.array(z.unknown()) })
export const LiveMessage = PlacedMessage
export const MESSAGES = "messages"

/** Why a handshake or a request was refused, or a socket ended: the last that is said on it. */
export const LiveRefusal = z.object({
  code: z.enum(ERROR_CODES),
  detail: z.string().max(1_024),
  retryable: z.boolean(),
})

/** The acknowledgement of a request; a post that was taken is acknowledged with a {@link LivePosted}. */
export const LiveAnswer = z.object({ refused: LiveRefusal.nullable() })
export const LivePosted = z.object({ refused: z.null(), placed: PostMessageResponse })
