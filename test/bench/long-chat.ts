import {
  acceptInvitation,
  addMember,
  bringUpToDate,
  ChatReader,
  type Client,
  createMeeting,
  ChatFold,
  formatId,
  listInvitations,
  type MeetingId,
  SearchShard,
  whoAmI,
} from "../../client/sdk/index.js"
import { findIn } from "../../client/sdk/search/find.js"
import { startClient, type TestClient } from "../support/sdk/clients.js"
import { fillChat } from "./sealed-chat.js"
import { median } from "./statistics.js"

/** A meeting with a long chat, by the SDK alone: what of it a browser's page would wait for. */

const RUNS = 5
const PAGE_MESSAGES = 200
const PAGES = 10
/** As `taciturn search` shows unless it is told otherwise. */
const BEST = 20
const MIB = 2 ** 20
const KEYSTROKES = ["w", "wo", "word1", "word1a", "the", "the an", "that we h", "word2b meet", "nothing at all"]

interface Server {
  readonly url: string
  readonly folder: string
  readonly databaseUrl: string
}

export interface LongChat {
  readonly meeting: string
  /** Where a member's keystore is. */
  readonly home: string
}

/** Makes a meeting of three, and prints what reading it takes, if that is asked for. @returns where to find it. */
export async function makeLongChat(server: Server, count: number, isRead = true): Promise<LongChat> {
  const [admin, ...others] = await Promise.all(["admin", "second", "reader"].map((name) => startClient(server, name)))
  const member = others.at(-1)
  if (admin === undefined || member === undefined) throw new Error("three were started")
  const meetingId = await createMeeting(admin.client, "Long")
  for (const { client } of others) {
    await addMember(admin.client, meetingId, whoAmI(client).accountId)
    for (const waiting of await listInvitations(client)) await acceptInvitation(client, waiting)
  }
  const beganMs = performance.now()
  await fillChat(server.databaseUrl, meetingId, [admin.client, ...others.map(({ client }) => client)], count)
  process.stdout.write(`${count} messages sealed and kept in ${((performance.now() - beganMs) / 1_000).toFixed(1)} s\n`)
  if (isRead) {
    await benchReading(member, meetingId)
    await benchIndex(member.client, meetingId)
  }
  for (const { close } of [admin, ...others]) await close()
  return { meeting: formatId("meeting", meetingId), home: member.home }
}

async function benchReading(member: TestClient, meetingId: MeetingId): Promise<void> {
  await ChatReader.open(member.client, meetingId)
  const opened: number[] = []
  for (let run = 0; run < RUNS; run++) {
    const client = member.again()
    opened.push(await msOf(async () => show(await ChatReader.open(client, meetingId))))
  }
  report("newest page opened, verified and arranged, in a new process's client", opened, "goal 300 ms")
  const reader = await ChatReader.open(member.client, meetingId)
  const older = async (): Promise<number> =>
    await msOf(async () => {
      await reader.readOlder(PAGE_MESSAGES)
      show(reader)
    })
  report(`${PAGE_MESSAGES} older ones`, await repeat(PAGES, older), "goal 150 ms")
  const beganMs = performance.now()
  while (reader.from > PAGES * PAGE_MESSAGES && (await reader.readOlder(PAGE_MESSAGES)));
  process.stdout.write(`read back to the first, without showing: ${Math.round(performance.now() - beganMs)} ms\n`)
  report(
    `${PAGE_MESSAGES} older ones behind ${reader.until - reader.from} that are held`,
    await repeat(PAGES, older),
    "goal 150 ms",
  )
  report("shown again, with nothing new", await repeat(PAGES, async () => await msOf(() => show(reader))), "")
  const { heapUsed, rss } = process.memoryUsage()
  process.stdout.write(
    `with all of them held: heap ${Math.round(heapUsed / MIB)} MiB, resident ${Math.round(rss / MIB)} MiB\n`,
  )
}

async function benchIndex(client: Client, meetingId: MeetingId): Promise<void> {
  const shard = SearchShard.empty()
  const { signal } = new AbortController()
  const tookMs = await msOf(async () => await bringUpToDate(client, meetingId, shard, { signal }))
  process.stdout.write(`first index of all: ${(tookMs / 1_000).toFixed(1)} s; goal 60 s\n`)
  const meetingHash = new Uint8Array(32)
  const searched = await repeat(
    KEYSTROKES.length,
    async (n) => await msOf(() => findIn(meetingHash, shard, KEYSTROKES[n] ?? "", {}, BEST)),
  )
  report(`searched through to the end for the ${BEST} best`, searched, "")
}

const folds = new WeakMap<ChatReader, ChatFold>()

function show(reader: ChatReader): unknown {
  const fold = folds.get(reader) ?? new ChatFold()
  folds.set(reader, fold)
  return fold.fold(reader.entries(), reader.log.epochs)
}

async function repeat(count: number, work: (n: number) => Promise<number>): Promise<readonly number[]> {
  const times: number[] = []
  while (times.length < count) times.push(await work(times.length))
  return times
}

async function msOf(work: () => unknown): Promise<number> {
  const beganMs = performance.now()
  await work()
  return performance.now() - beganMs
}

function report(what: string, times: readonly number[], goal: string): void {
  const all = times.map((time) => Math.round(time)).join(" ")
  process.stdout.write(`${what}: ${Math.round(median(times))} ms (${all})${goal === "" ? "" : `; ${goal}`}\n`)
}
