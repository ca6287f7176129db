import { setTimeout as delay } from "node:timers/promises"
import { io, type ManagerOptions, type Socket, type SocketOptions } from "socket.io-client"
import { LIVE_NAMESPACES, LIVE_PATH, LivePosted } from "../../shared/protocol/live.js"
import { connected } from "../support/live-client.js"
import { answerLines, machineNowMs } from "./bench-program.js"

/**
 * Says messages that were made before, by turns of those who write, at an even pace. Each of them says one after another, on a socket of its own, and the next
 * when the one before was answered. They hear what is said, as everybody does.
 */

export interface Writing {
  /** By which a message is posted; without it `say` is emitted. */
  readonly post: { readonly tokens: readonly string[] } | null
  readonly url: string
  readonly writers: number
  readonly messages: readonly string[]
  readonly perSecond: number
}

/** @returns once the server has it. */
type Say = (message: string) => Promise<void>

let writing: Writing | null = null
let says: readonly Say[] = []

answerLines(async (line) => {
  if (writing === null) {
    writing = line as Writing
    const { url, post, writers } = writing
    says = await Promise.all(
      Array.from({ length: writers }, async (_, n) =>
        post === null ? await plainSay(url) : await postingSay(url, post.tokens[n] ?? ""),
      ),
    )
    return "ready"
  }
  const { from, until } = line as { readonly from: number; readonly until: number }
  return await sayAll(writing.messages.slice(from, until), writing.perSecond)
})

/** @returns of each message when it was due to be said. */
async function sayAll(messages: readonly string[], perSecond: number): Promise<readonly number[]> {
  const lasts = says.map(() => Promise.resolve())
  const sentAtMs: number[] = []
  const beganMs = machineNowMs()
  for (const [n, message] of messages.entries()) {
    const dueMs = beganMs + (n * 1_000) / perSecond
    if (dueMs > machineNowMs()) await delay(dueMs - machineNowMs())
    sentAtMs.push(machineNowMs())
    const writer = n % says.length
    lasts[writer] = (lasts[writer] ?? Promise.resolve()).then(async () => {
      await says[writer]?.(message)
    })
  }
  await Promise.all(lasts)
  return sentAtMs
}

async function postingSay(url: string, token: string): Promise<Say> {
  const socket = await openSocket(`${url}${LIVE_NAMESPACES.meeting}`, { path: LIVE_PATH, auth: { token } })
  return async (message) => {
    LivePosted.parse(await socket.emitWithAck("post", { message }))
  }
}

async function plainSay(url: string): Promise<Say> {
  const socket = await openSocket(url, { path: "/live" })
  return (message) => {
    socket.emit("say", { messages: [{ seq: 0, incarnation: 1, day: 20_000, message }] })
    return Promise.resolve()
  }
}

async function openSocket(url: string, options: Partial<ManagerOptions & SocketOptions>): Promise<Socket> {
  const socket = io(url, { ...options, transports: ["websocket"], forceNew: true, reconnection: false })
  await connected(socket)
  return socket
}
