import { setTimeout as delay } from "node:timers/promises"
import { Server as Engine } from "engine.io"
import { type DefaultEventsMap, Server, type Socket as AnySocket } from "socket.io"
import * as z from "zod"
import { ArchiveError, isArchiveError } from "../../shared/protocol/errors.js"
import {
  LIVE_LIMITS,
  LIVE_NAMESPACES,
  LIVE_REQUESTS,
  LiveAnswer,
  LiveAuth,
  type LiveKind,
  LiveRefusal,
  SAID,
  SAY,
  Saying,
} from "../../shared/protocol/live.js"
import type { KeptMessage } from "../../shared/server/catalog/messages.js"
import { errorFields } from "../../shared/server/logger.js"
import type { ChangeFeed } from "../../shared/server/ports.js"
import type { ApiContext } from "../context.js"
import { parse } from "../mount.js"
import type { UpgradeListener } from "../server.js"
import { createDoor, refuseUpgrade } from "./door.js"
import { postFromSeat } from "./post.js"
import { createRelay, type Relay } from "./relay.js"
import { type Seat, Seats } from "./seats.js"

/** How long a connection may stay without a socket: from the handshake to its token. */
const CONNECT_TIMEOUT_MS = 5_000
const PING_INTERVAL_MS = 20_000
const PING_TIMEOUT_MS = 10_000
const MINUTE_MS = 60_000
const DRAIN_CHECK_MS = 20

const POST = "post" satisfies keyof typeof LIVE_REQUESTS

type Events = DefaultEventsMap
interface SocketData {
  seat: Seat
}
type Socket = AnySocket<Events, Events, Events, SocketData>

export interface Live {
  /** For the HTTP server's `upgrade`. */
  readonly upgrade: UpgradeListener
  /** Says messages that this process kept, on the sockets of their meeting. */
  readonly kept: (meetingId: Uint8Array, messages: readonly KeptMessage[]) => void
  /** Tells every socket that it ends, and ends it; what does not take that within `limitMs` is broken. */
  drain(limitMs: number): Promise<void>
}

/** Sockets, over WebSocket alone: a meeting's, and an account's. SPEC.md §11.1. */
export function startLive(context: ApiContext, changes: ChangeFeed, handshakesPerMinute: number): Live {
  const { logger } = context
  const seats = new Seats(context, (error) => {
    logger.warn("the tokens of sockets could not be looked at", errorFields(error))
  })
  changes.listen((subject) => {
    seats.changed(subject)
  })
  const relay = createRelay(seats, changes)
  const door = createDoor(context, handshakesPerMinute)
  const engine = new Engine({
    transports: ["websocket"],
    maxHttpBufferSize: LIVE_LIMITS.messageBytes,
    pingInterval: PING_INTERVAL_MS,
    pingTimeout: PING_TIMEOUT_MS,
    cookie: false,
  })
  const io = new Server<Events, Events, Events, SocketData>({ connectTimeout: CONNECT_TIMEOUT_MS, serveClient: false })
  io.bind(engine)
  // socket.io's own namespace, which would let anybody in.
  io.use((_socket, next) => {
    next(new Error("no such namespace"))
  })
  const taken = new WeakSet<object>()
  for (const kind of Object.keys(LIVE_NAMESPACES) as LiveKind[]) {
    const namespace = io.of(LIVE_NAMESPACES[kind])
    namespace.use((socket, next) => {
      seatOf(socket, kind).then(
        (seat) => {
          socket.data.seat = seat
          next()
        },
        (error: unknown) => {
          const refusal = asRefusal(error)
          if (refusal.code === "internal") logger.error("unexpected", errorFields(error))
          next(Object.assign(new Error(refusal.detail), { data: refusal }))
        },
      )
    })
    namespace.on("connection", (socket) => {
      socket.once("disconnect", () => {
        socket.conn.close()
      })
      serve(context, socket, seats, relay)
      seats.look([socket.data.seat])
    })
  }

  /** @throws {@link ArchiveError} as `Seats.check`; `forbidden` on a connection that had a socket already. */
  async function seatOf(socket: Socket, kind: LiveKind): Promise<Seat> {
    const { conn } = socket
    // Also after a token that was refused: a connection has one try.
    if (taken.has(conn)) throw new ArchiveError("forbidden", "a connection carries one subject")
    taken.add(conn)
    const { token } = parse(LiveAuth, socket.handshake.auth, "auth")
    const held = await seats.check(kind, token)
    const connection = conn.request.socket
    let waiting = 0
    const told = new Map<string, string>()
    const seat: Seat = {
      kind,
      ...held,
      told,
      say: (name, value) => {
        socket.emit(name, value)
      },
      // Once it is connected it is told how many there are.
      takesMessages: () =>
        socket.connected && connection.writable && connection.writableLength <= LIVE_LIMITS.bytesWaiting,
      // Whole frames between those that Engine.IO writes, each of them whole too.
      give: (frame) => {
        connection.write(frame)
      },
      hear: (sealed) => {
        if (++waiting <= LIVE_LIMITS.saidWaiting) socket.emit(SAID, z.encode(Saying, { sealed }))
      },
      end: (reason) => {
        socket.emit("end", asRefusal(reason))
        conn.close()
      },
    }
    if (conn.readyState !== "open") throw new ArchiveError("interrupted", "the connection ended")
    seats.take(seat)
    conn.on("drain", () => {
      waiting = 0
    })
    conn.once("close", () => {
      seats.leave(seat)
    })
    return seat
  }

  return {
    kept: (meetingId, messages) => {
      seats.kept(meetingId, messages)
    },
    upgrade: (request, socket, head) => {
      socket.on("error", () => undefined)
      try {
        door.enter(request, socket)
        engine.handleUpgrade(request, socket, head)
      } catch (error) {
        refuseUpgrade(socket, isArchiveError(error) ? error : new ArchiveError("internal", "unexpected"))
      }
    },
    drain: async (limitMs) => {
      relay.close()
      seats.close(new ArchiveError("unavailable", "the server is stopping"))
      for (const deadline = performance.now() + limitMs; engine.clientsCount > 0 && performance.now() < deadline;)
        await delay(DRAIN_CHECK_MS)
      engine.close()
      door.close()
    },
  }
}

/** Answers what the socket asks, and passes on what it says. */
function serve(context: ApiContext, socket: Socket, seats: Seats, relay: Relay): void {
  const { seat } = socket.data
  let [asked, windowEndsMs] = [0, 0]
  const end = (reason: ArchiveError): void => {
    seats.leave(seat)
    seat.end(reason)
  }
  const hear = (raw: unknown): void => {
    const said = Saying.safeParse(raw)
    if (said.success) relay.say(seat, said.data.sealed)
    else end(new ArchiveError("malformed", "something was said in another form"))
  }
  socket.use(([name, raw]: readonly unknown[], next) => {
    // Counted by its token, and refused: whoever has much to say waits, and goes on.
    if (name === POST && seat.kind === "meeting") {
      next()
      return
    }
    const now = performance.now()
    if (now > windowEndsMs) [asked, windowEndsMs] = [0, now + MINUTE_MS]
    if (++asked > LIVE_LIMITS.requestsPerMinute) end(new ArchiveError("rate-limited", "too many requests in a minute"))
    // At once: listeners are called a moment later, and not any more for what was said last before the end.
    else if (name === SAY && seat.kind === "meeting") hear(raw)
    else if (name === POST || !Object.hasOwn(LIVE_REQUESTS, String(name)))
      end(new ArchiveError("malformed", "no such request"))
    else next()
  })
  const onRequest = (name: keyof typeof LIVE_REQUESTS, handle: (raw: unknown) => Promise<unknown>): void => {
    socket.on(name, (raw: unknown, acknowledge: unknown) => {
      // A client that asks for no answer gets none.
      const answer = typeof acknowledge === "function" ? (acknowledge as (raw: unknown) => void) : () => undefined
      handle(raw).then(answer, (error: unknown) => {
        answer(z.encode(LiveAnswer, { refused: asRefusal(error) }))
      })
    })
  }
  onRequest("renew", async (raw) => {
    await seats.renew(seat, parse(LIVE_REQUESTS.renew, raw, "renew").token)
    return z.encode(LiveAnswer, { refused: null })
  })
  onRequest(POST, async (raw) => await postFromSeat(context, seat, raw))
}

function asRefusal(error: unknown): z.input<typeof LiveRefusal> {
  const { code, message, retryable } = isArchiveError(error) ? error : new ArchiveError("internal", "unexpected")
  return { code, detail: message, retryable }
}
