import { randomBytes } from "node:crypto"
import { cpus } from "node:os"
import { setTimeout as delay } from "node:timers/promises"
import * as z from "zod"
import {
  acceptInvitation,
  addMember,
  type Client,
  createMeeting,
  listInvitations,
  type MeetingId,
  readMeeting,
  textContent,
  whoAmI,
} from "../../client/sdk/index.js"
import { currentCapability } from "../../client/sdk/meetings.js"
import { toBase64Url, toHex } from "../../shared/protocol/bytes.js"
import { LIVE_NAMESPACES, LIVE_PATH, LiveAuth } from "../../shared/protocol/live.js"
import { startClient, type TestClient } from "../support/sdk/clients.js"
import { type BenchProgram, processorMs, startBenchProgram } from "./bench-program.js"
import type { Reading } from "./chat-reader.js"
import type { Writing } from "./chat-writer.js"
import { type Sealer, sealerOf } from "./sealed-chat.js"
import { median, percentile } from "./statistics.js"

/**
 * 200 sockets of one meeting, to which so many durable messages a second go: how long after it was sent a message is shown, against as many bytes that socket.io
 * alone says to as many sockets. Three of the sockets are those of clients that verify and arrange, each a process of its own, and the last that were opened; the
 * others, in one process, only receive. What is said was sealed before, as a device seals and keeps it before it sends it, and comes from a further process.
 */

const SOCKETS = 200
const READERS = 3
const WRITERS = 10
const PER_SECOND = 100
const RUN_SECONDS = 10
/** At the same pace, and not counted: so long programs that were just started take to come to their speed. */
const WARMING_SECONDS = 3
const SETTLE_MS = 1_500
const RUNS = 3

interface Server {
  readonly url: string
  readonly folder: string
  readonly apiPid: number
  /** One run of each is enough. */
  readonly isQuick: boolean
}

/** What one run is made of; the rest is the same for both. */
interface Run {
  readonly serverPid: number
  readonly sockets: {
    readonly url: string
    readonly path: string
    readonly namespace: string
    readonly auth: Record<string, unknown>
  }
  readonly readings: readonly Reading[]
  readonly writing: Omit<Writing, "writers" | "perSecond">
  /** By which a message is shown. */
  readonly names: readonly string[]
}

export async function benchFanningOut(server: Server): Promise<void> {
  const people = await Promise.all(Array.from({ length: WRITERS }, (_, n) => startClient(server, `person ${n}`)))
  const meetingId = await meetingOf(people.map(({ client }) => client))
  const sealers = await Promise.all(people.map(async ({ client }) => await sealerOf(client)))
  const plainServer = await startBenchProgram("plain-broadcast.js")
  const [ours, plain]: [number[], number[]] = [[], []]
  let bytes = 0
  try {
    const plainUrl = `http://127.0.0.1:${String(await plainServer.ask("listen"))}`
    for (let run = 0; run < (server.isQuick ? 1 : RUNS); run++) {
      const sealed = await sealedRun(server, people, sealers, meetingId)
      bytes = Math.max(bytes, ...sealed.writing.messages.map(({ length }) => length))
      plain.push(await measure("plain", plainRun(plainUrl, plainServer.pid, sealed.writing.messages)))
      ours.push(await measure("ours ", sealed))
    }
  } finally {
    await plainServer.end()
    for (const { close } of people) await close()
  }
  const shown = (times: readonly number[]): string => times.map((time) => time.toFixed(1)).join(" ")
  const more = median(ours.map((time, run) => time - (plain[run] ?? 0)))
  process.stdout.write(
    `${PER_SECOND} messages a second of ${bytes} bytes to ${SOCKETS} sockets, p95 from send to shown less socket.io's own broadcast: ${more.toFixed(1)} ms (${shown(ours)} less ${shown(plain)} ms); goal at most 15 ms\n`,
  )
}

/** @returns the 95th percentile of how long a message took, in ms. */
async function measure(name: string, run: Run): Promise<number> {
  const others = await startBenchProgram("chat-sockets.js")
  const readers = await Promise.all(run.readings.map(async () => await startBenchProgram("chat-reader.js")))
  const writer = await startBenchProgram("chat-writer.js")
  const programs = [others, ...readers, writer]
  try {
    await others.ask({ ...run.sockets, count: SOCKETS - READERS })
    await writer.ask({ ...run.writing, writers: WRITERS, perSecond: PER_SECOND } satisfies Writing)
    for (const [index, reader] of readers.entries()) await reader.ask(run.readings[index])
    await delay(SETTLE_MS)
    const warming = PER_SECOND * WARMING_SECONDS
    await writer.ask({ from: 0, until: warming })
    const processor = processorOf({
      server: [run.serverPid],
      sockets: [others.pid],
      readers: pidsOf(readers),
      writer: [writer.pid],
    })
    const counted = run.names.slice(warming)
    const sentAtMs = (await writer.ask({ from: warming, until: run.names.length })) as readonly number[]
    const took = processor()
    await delay(SETTLE_MS)
    const sentAt = new Map(counted.map((shownAs, n) => [shownAs, sentAtMs[n] ?? Number.NaN]))
    const times: number[] = []
    for (const reader of readers)
      for (const [shownAs, atMs] of (await reader.ask("shown")) as readonly [string, number][])
        times.push(atMs - (sentAt.get(shownAs) ?? Number.NaN))
    const isAllShown = times.length === run.names.length * READERS
    const ofCounted = times.filter((time) => !Number.isNaN(time))
    const all = run.names.length * (SOCKETS - READERS)
    const received = await others.ask("count")
    const missing =
      received === all && isAllShown ? "" : `; ONLY ${String(received)} of ${all} came, and ${times.length} were shown`
    const parts = [0.5, 0.95, 0.99].map((part) => percentile(ofCounted, part).toFixed(1)).join(" ")
    process.stdout.write(`  ${name} p50 p95 p99 ${parts} ms; processor+waiting: ${took}${missing}\n`)
    return percentile(ofCounted, 0.95)
  } finally {
    await Promise.all(
      programs.map(async (program) => {
        await program.end()
      }),
    )
  }
}

async function sealedRun(
  server: Server,
  people: readonly TestClient[],
  sealers: readonly Sealer[],
  meetingId: MeetingId,
): Promise<Run> {
  const [admin] = people
  if (admin === undefined) throw new Error("nobody is there")
  const log = await readMeeting(admin.client, meetingId)
  const tokens = await Promise.all(
    people.map(async ({ client }) =>
      client.tokens.with(client.http, currentCapability(log), (token) => Promise.resolve(token)),
    ),
  )
  const posted = Array.from({ length: PER_SECOND * (WARMING_SECONDS + RUN_SECONDS) }, (_, n) => {
    const sealer = sealers[n % WRITERS]
    if (sealer === undefined) throw new Error("nobody writes")
    return sealer.seal(log, textContent(textOf(n)), admin.client.clock.nowMs())
  })
  return {
    serverPid: server.apiPid,
    sockets: {
      url: server.url,
      path: LIVE_PATH,
      namespace: `${LIVE_NAMESPACES.meeting},`,
      auth: z.encode(LiveAuth, { token: tokens[0] ?? new Uint8Array(0) }),
    },
    readings: people
      .slice(0, READERS)
      .map(({ home }) => ({ url: server.url, whole: { home, meeting: toHex(meetingId) } })),
    writing: {
      url: server.url,
      post: { tokens: tokens.map(toBase64Url) },
      messages: posted.map(({ raw }) => toBase64Url(raw)),
    },
    names: posted.map(({ hash }) => toHex(hash)),
  }
}

/** With as many bytes as `sealed` has, in the same form. */
function plainRun(url: string, serverPid: number, sealed: readonly string[]): Run {
  const messages = sealed.map(({ length }) => randomBytes(length).toString("base64url").slice(0, length))
  return {
    serverPid,
    sockets: { url, path: "/live", namespace: "", auth: {} },
    readings: Array.from({ length: READERS }, () => ({ url, whole: null })),
    writing: { url, post: null, messages },
    names: messages,
  }
}

async function meetingOf(clients: readonly Client[]): Promise<MeetingId> {
  const [admin, ...others] = clients
  if (admin === undefined) throw new Error("nobody is there")
  const meetingId = await createMeeting(admin, "Fanned out")
  for (const client of others) {
    await addMember(admin, meetingId, whoAmI(client).accountId)
    for (const waiting of await listInvitations(client)) await acceptInvitation(client, waiting)
  }
  return meetingId
}

/** @returns what each takes of one core from now on, and how long it waits for one; and all that is busy on the machine. */
function processorOf(programs: Readonly<Record<string, readonly number[]>>): () => string {
  const of = (pids: readonly number[]): readonly [number, number] => {
    const all = pids.map(processorMs)
    return [all.reduce((sum, { tookMs }) => sum + tookMs, 0), all.reduce((sum, { waitedMs }) => sum + waitedMs, 0)]
  }
  const before = Object.entries(programs).map(([name, pids]) => ({ name, pids, was: of(pids) }))
  const [beganMs, busyBefore] = [performance.now(), busyMs()]
  return () => {
    const tookMs = performance.now() - beganMs
    const shown = (ms: number): string => (ms / tookMs).toFixed(2)
    const each = before.map(({ name, pids, was }) => {
      const [took, waited] = of(pids)
      return `${name} ${shown(took - was[0])}+${shown(waited - was[1])}`
    })
    return [...each, `all ${shown(busyMs() - busyBefore)} of ${cpus().length} cores`].join(", ")
  }
}

function busyMs(): number {
  return cpus().reduce((sum, { times: { user, nice, sys, irq } }) => sum + user + nice + sys + irq, 0)
}

function pidsOf(programs: readonly BenchProgram[]): readonly number[] {
  return programs.map(({ pid }) => pid)
}

function textOf(n: number): string {
  return `What somebody says in a meeting that two hundred follow, number ${n}`
}
