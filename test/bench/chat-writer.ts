import { setTimeout as delay } from "node:timers/promises"
import { io } from "socket.io-client"
import * as z from "zod"
import { createNodeTransport, Http } from "../../client/sdk/index.js"
import { fromBase64Url } from "../../shared/protocol/bytes.js"
import { PostMessageRequest, PostMessageResponse } from "../../shared/protocol/http.js"
import { answerLines, machineNowMs } from "./bench-program.js"

/**
 * Says messages that were made before, by turns of those who write, at an even pace. Each of them says one after another, over a connection of its own, and the
 * next when the one before was answered.
 */

export interface Writing {
  /** What a message is posted to; without it `say` is emitted on sockets. */
  readonly post: { readonly meeting: string; readonly tokens: readonly string[] } | null
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
        post === null ? await sayPlainly(url) : poster(url, post.meeting, post.tokens[n] ?? ""),
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

function poster(url: string, meeting: string, token: string): Say {
  const http = new Http(url, createNodeTransport().transport)
  return async (message) => {
    await http.json(PostMessageResponse, {
      method: "POST",
      path: `/v1/meetings/${meeting}/messages`,
      subject: meeting,
      token: fromBase64Url(token),
      json: z.encode(PostMessageRequest, { message: fromBase64Url(message) }),
    })
  }
}

async function sayPlainly(url: string): Promise<Say> {
  const socket = io(url, { path: "/live", transports: ["websocket"], forceNew: true, reconnection: false })
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve)
    socket.once("connect_error", reject)
  })
  // It hears itself, as everybody does.
  return (message) => {
    socket.emit("say", { messages: [{ seq: 0, incarnation: 1, day: 20_000, message }] })
    return Promise.resolve()
  }
}
