import type { Socket } from "socket.io-client"
import * as z from "zod"
import { equalBytes } from "../../shared/protocol/bytes.js"
import { ArchiveError } from "../../shared/protocol/errors.js"
import type { PostMessageResponse } from "../../shared/protocol/http.js"
import {
  LIVE_LIMITS,
  LIVE_NAMESPACES,
  LIVE_NUDGES,
  LIVE_PATH,
  LIVE_REQUESTS,
  LiveAnswer,
  LiveAuth,
  type LiveKind,
  LiveMessage,
  LiveMessages,
  LivePosted,
  LiveRefusal,
  MESSAGES,
  SAID,
  SAY,
  Saying,
} from "../../shared/protocol/live.js"
import type { Client } from "./client.js"
import type { Capability } from "./tokens.js"

/** A socket of one subject, on a connection of its own. It lives by its token, which is renewed in place. SPEC.md §11.1. */
export interface LiveSocket {
  /** Best effort, unacknowledged: what can't go now is lost. SPEC.md §11.2. */
  say(sealed: Uint8Array): void
  /**
   * Has a message kept, on a meeting's socket. SPEC.md §16.4.
   * @returns where it stands, as the server says.
   * @throws {@link ArchiveError} as the server refuses; `unavailable` where no answer comes, so that nobody knows whether it was kept.
   */
  post(message: Uint8Array): Promise<z.output<typeof PostMessageResponse>>
  close(): void
}

export interface LiveListener {
  /** A meeting's newest event, as the server says it; nothing of it is proven. */
  readonly onLog?: (head: z.output<typeof LIVE_NUDGES.log>) => void
  /** What somebody else said there, as the server passes it on; nothing of it is proven. */
  readonly onSaid?: (sealed: Uint8Array) => void
  /** Something that an account's socket says by this name, as it is. */
  readonly onAccount?: (name: "chain" | "keyring" | "inbox", raw: string) => void
  /** How many messages there were. */
  readonly onChat?: (chat: z.output<typeof LIVE_NUDGES.chat>) => void
  /** A message, and where it stands. */
  readonly onMessage?: (message: z.output<typeof LiveMessage>) => void
  /** Called once, where it ended otherwise than by `close`. */
  onEnd(): void
}

const TIMEOUT_MS = 15_000
/** Then it is posted by HTTP: nobody waits that long on a connection that works. */
const POST_TIMEOUT_MS = 5_000
/** How often the token is looked after: a new one is had 30 s before the old one ends. */
const KEEP_MS = 10_000

/** Opens the socket of a meeting, or of an account. @throws {@link ArchiveError} as the server refuses; `unavailable`. */
export async function openLiveSocket(
  client: Client,
  capability: Capability,
  listener: LiveListener,
): Promise<LiveSocket> {
  const { http, tokens } = client
  let used: Uint8Array = new Uint8Array(0)
  const socket = await tokens.with(http, capability, async (token) => {
    used = token
    return await connect(http.baseUrl, capability.kind, token, listener)
  })
  const keep = async (): Promise<void> => {
    await tokens.with(http, capability, async (token) => {
      if (!equalBytes(used, token)) await renew(socket, token)
      used = token
    })
  }
  const keeping = setInterval(() => {
    keep().catch(() => socket.disconnect())
  }, KEEP_MS)
  let isOver = false
  const over = (tells: boolean): void => {
    if (isOver) return
    isOver = true
    clearInterval(keeping)
    socket.disconnect()
    if (tells) listener.onEnd()
  }
  socket.on("disconnect", () => {
    over(true)
  })
  // It may have ended before anybody listened.
  if (!socket.connected) setTimeout(over, 0, true)
  return {
    say: (sealed) => {
      if (socket.connected) socket.emit(SAY, z.encode(Saying, { sealed }))
    },
    post: async (message) => await post(socket, message),
    close: () => {
      over(false)
    },
  }
}

async function connect(baseUrl: string, kind: LiveKind, token: Uint8Array, listener: LiveListener): Promise<Socket> {
  // Loaded where it is needed: most commands open no socket.
  const { io } = await import("socket.io-client")
  const { origin, pathname } = new URL(baseUrl)
  const options = {
    path: `${pathname.replace(/\/$/, "")}${LIVE_PATH}`,
    transports: ["websocket"],
    auth: z.encode(LiveAuth, { token }),
    forceNew: true,
    reconnection: false,
    timeout: TIMEOUT_MS,
    // Of the WebSocket itself, which would take 100 MiB; browsers have limits of their own.
    maxPayload: LIVE_LIMITS.messageBytes,
  }
  const socket = io(`${origin}${LIVE_NAMESPACES[kind]}`, options)
  socket.on("log", (raw: unknown) => {
    const nudge = LIVE_NUDGES.log.safeParse(raw)
    if (nudge.success) listener.onLog?.(nudge.data)
  })
  socket.on("chat", (raw: unknown) => {
    const nudge = LIVE_NUDGES.chat.safeParse(raw)
    if (nudge.success) listener.onChat?.(nudge.data)
  })
  socket.on(MESSAGES, (raw: unknown) => {
    // Each by itself: one that can't be read hides no other.
    for (const one of LiveMessages.safeParse(raw).data?.messages ?? []) {
      const message = LiveMessage.safeParse(one)
      if (message.success) listener.onMessage?.(message.data)
    }
  })
  socket.on(SAID, (raw: unknown) => {
    const said = Saying.safeParse(raw)
    if (said.success) listener.onSaid?.(said.data.sealed)
  })
  for (const name of ["chain", "keyring", "inbox"] as const)
    socket.on(name, (raw: unknown) => {
      listener.onAccount?.(name, JSON.stringify(raw))
    })
  let timer: ReturnType<typeof setTimeout> | undefined
  try {
    await new Promise<void>((resolve, reject) => {
      const refuse = (raw?: unknown): void => {
        reject(refusalOf(raw))
      }
      socket.once("connect", resolve)
      socket.once("connect_error", (error: Error & { readonly data?: unknown }) => {
        refuse(error.data)
      })
      // Its own limit is the transport's: on an open one the server may still say nothing.
      timer = setTimeout(refuse, TIMEOUT_MS)
    })
    return socket
  } catch (error) {
    socket.disconnect()
    throw error
  } finally {
    clearTimeout(timer)
  }
}

async function renew(socket: Socket, token: Uint8Array): Promise<void> {
  const raw: unknown = await socket.timeout(TIMEOUT_MS).emitWithAck("renew", z.encode(LIVE_REQUESTS.renew, { token }))
  const answer = LiveAnswer.parse(raw)
  if (answer.refused !== null) throw refusalOf(answer.refused)
}

async function post(socket: Socket, message: Uint8Array): Promise<z.output<typeof PostMessageResponse>> {
  // Emitted while it is not connected it would wait for a connection that never comes.
  const raw: unknown = socket.connected
    ? await socket
        .timeout(POST_TIMEOUT_MS)
        .emitWithAck("post", z.encode(LIVE_REQUESTS.post, { message }))
        .catch(() => null)
    : null
  const posted = LivePosted.safeParse(raw)
  if (posted.success) return posted.data.placed
  const answer = LiveAnswer.safeParse(raw)
  if (answer.success && answer.data.refused !== null) throw refusalOf(answer.data.refused)
  throw new ArchiveError("unavailable", "the server's answer to a message did not come")
}

function refusalOf(raw: unknown): ArchiveError {
  const refusal = LiveRefusal.safeParse(raw)
  if (!refusal.success) return new ArchiveError("unavailable", "the server gives no socket: is WebSocket let through?")
  const { code, detail, retryable } = refusal.data
  return new ArchiveError(code, detail, { retryable })
}
