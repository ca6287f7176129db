import { type ChildProcess, spawn } from "node:child_process"
import { randomBytes } from "node:crypto"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { setTimeout as delay } from "node:timers/promises"
import { io, type Socket } from "socket.io-client"
import * as z from "zod"
import {
  acceptInvitation,
  addMember,
  type Client,
  createMeeting,
  ChatFold,
  followChat,
  listInvitations,
  type MeetingId,
  readMeeting,
  textContent,
  whoAmI,
} from "../../client/sdk/index.js"
import { currentCapability } from "../../client/sdk/meetings.js"
import { toHex } from "../../shared/protocol/bytes.js"
import { PostMessageRequest, PostMessageResponse } from "../../shared/protocol/http.js"
import { LIVE_NAMESPACES, LIVE_PATH, LiveAuth, MESSAGES } from "../../shared/protocol/live.js"
import { exitOf, root } from "../support/programs.js"
import { startClient, type TestClient } from "../support/sdk/clients.js"
import { type Sealer, sealerOf } from "./sealed-chat.js"
import { median, percentile } from "./statistics.js"

/**
 * 200 sockets of one meeting, to which so many durable messages a second go: how long after it was sent a message is shown, against the same bytes that
 * socket.io alone says to as many sockets. Three of the sockets are clients that verify and arrange; the others, in a process of their own, only receive.
 */

const SOCKETS = 200
const CLIENTS = 3
const PER_SECOND = 100
const RUN_SECONDS = 10
const SETTLE_MS = 2_000
const RUNS = 3
const MESSAGE_BYTES = 700

interface Server {
  readonly url: string
  readonly folder: string
}

/** Each message of a run, by its name, and when it was sent. */
type Sent = Map<string, number>

export async function benchFanningOut(server: Server): Promise<void> {
  const people = await Promise.all(Array.from({ length: CLIENTS }, (_, n) => startClient(server, `person ${n}`)))
  const [ours, plain]: [number[], number[]] = [[], []]
  const plainServer = startProgram("plain-broadcast.js", [])
  try {
    const port = await firstLine(plainServer)
    for (let run = 0; run < RUNS; run++) {
      plain.push(await runPlain(`http://127.0.0.1:${port}`))
      ours.push(await runOurs(server, people))
    }
  } finally {
    plainServer.stdin?.end()
    await exitOf(plainServer)
    for (const { close } of people) await close()
  }
  const shown = (times: readonly number[]): string => times.map((time) => time.toFixed(1)).join(" ")
  const more = median(ours.map((time, run) => time - (plain[run] ?? 0)))
  process.stdout.write(
    `${PER_SECOND} messages a second to ${SOCKETS} sockets, p95 from send to shown less socket.io's own broadcast: ${more.toFixed(1)} ms (${shown(ours)} less ${shown(plain)} ms); goal at most 15 ms\n`,
  )
}

async function runOurs(server: Server, people: readonly TestClient[]): Promise<number> {
  const clients = people.map(({ client }) => client)
  const [admin] = clients
  if (admin === undefined) throw new Error("nobody is there")
  const meetingId = await meetingOf(admin, clients.slice(1))
  const log = await readMeeting(admin, meetingId)
  const capability = currentCapability(log)
  const sealers = await Promise.all(clients.map(sealerOf))
  const sent: Sent = new Map()
  const took: number[] = []
  const ending = new AbortController()
  const following = clients.map(async (client) => {
    await follow(client, meetingId, sent, took, ending.signal)
  })
  const auth = await admin.tokens.with(admin.http, capability, (token) =>
    Promise.resolve(z.encode(LiveAuth, { token })),
  )
  const others = startProgram("chat-sockets.js", [
    `${server.url}${LIVE_NAMESPACES.meeting}`,
    LIVE_PATH,
    MESSAGES,
    String(SOCKETS - CLIENTS),
  ])
  others.stdin?.write(`${JSON.stringify(auth)}\n`)
  await firstLine(others)
  await delay(SETTLE_MS)
  const posting: Promise<void>[] = []
  await atPace(async (n) => {
    const { client, sealer } = writerOf(clients, sealers, n)
    const posted = sealer.seal(log, textContent(textOf(n)), client.clock.nowMs())
    sent.set(toHex(posted.hash), performance.now())
    posting.push(post(client, capability, posted.raw))
    await Promise.resolve()
  })
  await Promise.all(posting)
  await delay(SETTLE_MS)
  ending.abort()
  await Promise.all(following)
  await assertReceived(others, sent.size)
  return percentile(took, 0.95)
}

/** Shown is what a client gives to who draws it. */
async function follow(
  client: Client,
  meetingId: MeetingId,
  sent: Sent,
  took: number[],
  signal: AbortSignal,
): Promise<void> {
  const fold = new ChatFold()
  let shownUntil = 0
  await followChat(client, meetingId, {
    signal,
    onChange: (reader) => {
      const lines = fold.fold(reader.entries(), reader.log.epochs)
      const nowMs = performance.now()
      for (const line of lines.slice(shownUntil)) {
        if (line.kind !== "text") throw new Error(`a message is shown as ${line.kind}`)
        took.push(nowMs - (sent.get(toHex(line.message.hash)) ?? Number.NaN))
      }
      shownUntil = lines.length
    },
  })
}

async function post(client: Client, capability: ReturnType<typeof currentCapability>, raw: Uint8Array): Promise<void> {
  await client.tokens.with(client.http, capability, async (token, subject) => {
    await client.http.json(PostMessageResponse, {
      method: "POST",
      path: `/v1/meetings/${subject}/messages`,
      subject,
      token,
      json: z.encode(PostMessageRequest, { message: raw }),
    })
  })
}

async function runPlain(url: string): Promise<number> {
  const others = startProgram("chat-sockets.js", [url, "/live", "message", String(SOCKETS - CLIENTS)])
  others.stdin?.write("{}\n")
  await firstLine(others)
  const sent: Sent = new Map()
  const took: number[] = []
  const sockets = await Promise.all(Array.from({ length: CLIENTS }, async () => await connect(url)))
  for (const socket of sockets)
    socket.on("message", (message: Buffer) => {
      took.push(performance.now() - (sent.get(nameOf(message)) ?? Number.NaN))
    })
  await delay(SETTLE_MS)
  await atPace(async (n) => {
    const message = randomBytes(MESSAGE_BYTES)
    sent.set(nameOf(message), performance.now())
    sockets[n % CLIENTS]?.emit("say", message)
    await Promise.resolve()
  })
  await delay(SETTLE_MS)
  for (const socket of sockets) socket.disconnect()
  await assertReceived(others, sent.size)
  return percentile(took, 0.95)
}

async function connect(url: string): Promise<Socket> {
  const socket = io(url, { path: "/live", transports: ["websocket"], forceNew: true, reconnection: false })
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve)
    socket.once("connect_error", reject)
  })
  return socket
}

/** As many in each second, evenly, whatever becomes of them. */
async function atPace(send: (n: number) => Promise<void>): Promise<void> {
  const beganMs = performance.now()
  for (let n = 0; n < PER_SECOND * RUN_SECONDS; n++) {
    const dueMs = beganMs + (n * 1_000) / PER_SECOND
    if (dueMs > performance.now()) await delay(dueMs - performance.now())
    await send(n)
  }
}

async function assertReceived(others: ChildProcess, messages: number): Promise<void> {
  const line = firstLine(others)
  others.stdin?.end()
  const [received] = await Promise.all([line, exitOf(others)])
  const all = messages * (SOCKETS - CLIENTS)
  if (Number(received) !== all) process.stdout.write(`  the others received ${received} of ${all}\n`)
}

async function meetingOf(admin: Client, others: readonly Client[]): Promise<MeetingId> {
  const meetingId = await createMeeting(admin, "Fanned out")
  for (const client of others) {
    await addMember(admin, meetingId, whoAmI(client).accountId)
    for (const waiting of await listInvitations(client)) await acceptInvitation(client, waiting)
  }
  return meetingId
}

function writerOf(
  clients: readonly Client[],
  sealers: readonly Sealer[],
  n: number,
): { readonly client: Client; readonly sealer: Sealer } {
  const [client, sealer] = [clients[n % CLIENTS], sealers[n % CLIENTS]]
  if (client === undefined || sealer === undefined) throw new Error("nobody writes")
  return { client, sealer }
}

function textOf(n: number): string {
  return `What somebody says in a meeting that two hundred follow, number ${n}`
}

function nameOf(message: Uint8Array): string {
  return toHex(message.subarray(0, 16))
}

function startProgram(name: string, args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [join(root, "dist/test/bench", name), ...args], { stdio: ["pipe", "pipe", "inherit"] })
}

async function firstLine(child: ChildProcess): Promise<string> {
  const { stdout } = child
  if (stdout === null) throw new Error("a program without an output")
  return await new Promise((resolve) => createInterface({ input: stdout }).once("line", resolve))
}
