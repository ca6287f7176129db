import { equalBytes } from "../../shared/protocol/bytes.js"
import { ArchiveError, isArchiveError } from "../../shared/protocol/errors.js"
import type { MeetingLog } from "../crypto/meeting-log.js"
import type { ServedMessage } from "../crypto/message-judge.js"
import type { Client } from "./client.js"
import { type LiveSocket, openLiveSocket } from "./live-socket.js"
import { adminCapability } from "./meeting-events.js"
import { currentCapability } from "./meetings.js"
import type { MeetingCapability } from "./tokens.js"

const FIRST_WAIT_MS = 250
const LONGEST_WAIT_MS = 30_000
/** A socket that lived so long was no failure. */
const GOOD_SOCKET_MS = 30_000

/** How long to wait after so many failures in a row: twice as long each time, and not at the same moment as everybody else. */
export function backoffMs(client: Client, failures: number): number {
  if (failures === 0) return 0
  const [chance = 0] = client.random(1)
  return Math.min(FIRST_WAIT_MS * 2 ** Math.min(failures - 1, 16), LONGEST_WAIT_MS) * (0.5 + chance / 512)
}

/** Rung by whoever has news, also while nobody waits. */
export class Bell {
  readonly #signal: AbortSignal
  #isRung = false
  #wake: () => void = () => undefined

  constructor(signal: AbortSignal) {
    this.#signal = signal
  }

  ring(): void {
    this.#isRung = true
    this.#wake()
  }

  /** Until it rings, the time is over, or the signal ends it. @returns whether it rang. */
  async wait(limitMs: number): Promise<boolean> {
    if (!this.#isRung && !this.#signal.aborted && limitMs > 0)
      await new Promise<void>((resolve) => {
        const done = (): void => {
          clearTimeout(timer)
          this.#signal.removeEventListener("abort", done)
          resolve()
        }
        const timer = setTimeout(done, limitMs)
        this.#wake = done
        this.#signal.addEventListener("abort", done)
      })
    const wasRung = this.#isRung
    this.#isRung = false
    return wasRung
  }
}

/** Whoever speaks and listens on a meeting's socket beside what it rings for. */
export interface LineVoice {
  /** A socket of the log's newest epoch is open; `null`: none is any more. */
  attach(socket: Pick<LiveSocket, "say"> | null): void
  hear(sealed: Uint8Array): void
}

/** A meeting's open socket, on which messages of an epoch may be posted. */
export interface PostingLine extends Pick<LiveSocket, "post"> {
  readonly epoch: number
}

/** Whoever takes a meeting's chat from its socket. */
export interface LineChat {
  /** One is open that messages may be posted on; `null`: none is any more. */
  attach(line: PostingLine | null): void
  /** So many messages there were, as the server says. */
  counted(count: number): void
  /** A message as the server gives it; nothing of it is proven. */
  received(message: ServedMessage): void
}

/** A meeting's socket, kept open with backoff: anew where it ended, and for each epoch. It rings where the server speaks of what is not known yet. */
export class KeptLine {
  readonly #client: Client
  readonly #bell: Bell
  readonly #tell: (error: ArchiveError) => void
  readonly #voice: LineVoice | undefined
  readonly #chat: LineChat | undefined
  #log: MeetingLog | null = null
  #socket: LiveSocket | null = null
  #epoch = -1
  #failures = 0
  #dueAtMs = Number.POSITIVE_INFINITY

  constructor(client: Client, bell: Bell, tell: (error: ArchiveError) => void, voice?: LineVoice, chat?: LineChat) {
    this.#client = client
    this.#bell = bell
    this.#tell = tell
    this.#voice = voice
    this.#chat = chat
  }

  /** Never fails: without a socket, `dueInMs` says when to call this again. */
  async follow(log: MeetingLog): Promise<void> {
    this.#log = log
    const isNewEpoch = this.#epoch !== log.newestEpochSeen
    if (isNewEpoch) {
      this.close()
      this.#failures = 0
      this.#epoch = log.newestEpochSeen
      this.#dueAtMs = 0
    }
    const capability = socketCapability(log)
    if (capability === null) this.#dueAtMs = Number.POSITIVE_INFINITY
    if (this.#socket !== null || capability === null || performance.now() < this.#dueAtMs) return
    try {
      await this.#open(capability)
    } catch (error) {
      if (!isArchiveError(error)) throw error
      this.#failed()
      this.#tell(error)
    }
  }

  /** Milliseconds until a socket is to be opened again. */
  dueInMs(): number {
    return this.#socket === null ? Math.max(1, this.#dueAtMs - performance.now()) : Number.POSITIVE_INFINITY
  }

  close(): void {
    this.#detach()
    this.#socket?.close()
    this.#socket = null
  }

  #detach(): void {
    this.#voice?.attach(null)
    this.#chat?.attach(null)
  }

  async #open(capability: MeetingCapability): Promise<void> {
    const openedAtMs = performance.now()
    this.#socket = await openLiveSocket(this.#client, capability, {
      onLog: (head) => {
        const known = this.#log?.eventHashes[head.seq]
        if (known === undefined || !equalBytes(known, head.hash)) this.#bell.ring()
      },
      onSaid: (sealed) => {
        this.#voice?.hear(sealed)
      },
      onChat: ({ count }) => {
        this.#chat?.counted(count)
      },
      onMessage: ({ message, ...place }) => {
        this.#chat?.received({ ...place, raw: message })
      },
      onEnd: () => {
        this.#detach()
        this.#socket = null
        if (performance.now() - openedAtMs > GOOD_SOCKET_MS) this.#failures = 0
        this.#failed()
        // What ended it may be a new epoch.
        this.#bell.ring()
      },
    })
    const { post } = this.#socket
    this.#voice?.attach(this.#socket)
    // An admin's capability opens a socket, and posts nothing.
    if (capability.scope === "access") this.#chat?.attach({ post, epoch: capability.epoch })
    this.#dueAtMs = Number.POSITIVE_INFINITY
  }

  #failed(): void {
    this.#failures += 1
    this.#dueAtMs = performance.now() + backoffMs(this.#client, this.#failures)
  }
}

/** What opens a socket in the server's newest epoch; `null` where nothing that this account holds does. */
function socketCapability(log: MeetingLog): MeetingCapability | null {
  if (log.newestEpochSeen === log.current.keys.epoch) return currentCapability(log)
  return log.adminSeed === null ? null : adminCapability(log.meetingId, log.adminSeed, log.newestEpochSeen)
}
