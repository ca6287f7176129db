import { join } from "node:path"
import { io } from "socket.io-client"
import {
  ChatFold,
  createClient,
  createNodeTransport,
  followChat,
  Http,
  type MeetingId,
  nodePrimitives,
  openStateFile,
  sodiumReady,
} from "../../client/sdk/index.js"
import { fromHex, toHex } from "../../shared/protocol/bytes.js"
import { asId } from "../../shared/protocol/ids.js"
import { connected } from "../support/live-client.js"
import { random } from "../support/people.js"
import { answerLines, machineNowMs } from "./bench-program.js"

/** One who reads, in a process of its own: a whole client, which verifies and arranges, or a plain socket. Then asked when it showed what. */

export interface Reading {
  readonly url: string
  /** A whole client of this home, and the meeting that it follows. */
  readonly whole: { readonly home: string; readonly meeting: string } | null
}

const shown: [name: string, atMs: number][] = []
let isBegun = false

answerLines(async (line) => {
  if (isBegun) return shown
  isBegun = true
  const { url, whole } = line as Reading
  if (whole === null) await readPlainly(url)
  else await readWholly(url, whole.home, asId("meeting", fromHex(whole.meeting)))
  return "ready"
})

/** Shown is what a client gives to who draws it. */
async function readWholly(url: string, home: string, meetingId: MeetingId): Promise<void> {
  await sodiumReady()
  const client = createClient({
    http: new Http(url, createNodeTransport().transport),
    state: await openStateFile(join(home, "keystore"), () => Promise.resolve(null), random),
    clock: { nowMs: () => Date.now() },
    random,
    primitives: nodePrimitives,
    failpoint: () => undefined,
  })
  const fold = new ChatFold()
  let shownUntil = -1
  await new Promise<void>((resolve, reject) => {
    followChat(client, meetingId, {
      signal: new AbortController().signal,
      onChange: (reader) => {
        const lines = fold.fold(reader.entries(), reader.log.epochs)
        const nowMs = machineNowMs()
        if (shownUntil >= 0)
          for (const line of lines.slice(shownUntil)) {
            if (line.kind !== "text") throw new Error(`a message is shown as ${line.kind}`)
            shown.push([toHex(line.message.hash), nowMs])
          }
        shownUntil = lines.length
        resolve()
      },
    }).catch(reject)
  })
}

async function readPlainly(url: string): Promise<void> {
  const socket = io(url, { path: "/live", transports: ["websocket"], forceNew: true, reconnection: false })
  socket.on("messages", ({ messages }: { readonly messages: readonly { readonly message: string }[] }) => {
    const nowMs = machineNowMs()
    for (const { message } of messages) shown.push([message, nowMs])
  })
  await connected(socket)
}
