import { createHash } from "node:crypto"
import { readFile, readdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import { findRunning } from "../../shared/server/postgres/embedded.js"
import { Haystack, type Needle } from "../support/needles.js"
import { exitOf, type ProgramResult, root, runProgram, startProgram, temporaryFolder } from "../support/programs.js"
import { seizeDatabase, seizeFolder } from "../support/seize.js"
import { startStack } from "../support/stack.js"

/** `npm run demo`: the whole story in under a minute, on a temporary folder, with the real programs. */

const TITLE = "Hiring: the second interview"
const MEETING = "Hiring committee"
const MEDIA = join(root, "test/data/meeting.mp4")

const folder = await temporaryFolder()
say("Starting a service of its own, with its own PostgreSQL, on a temporary folder …")
const stack = await startStack("embedded")
try {
  tell(`It serves at ${stack.url}.`)
  chapter("Two people")
  const alice = await taciturn("alice", "init", "--name", "Alice's laptop")
  const bob = await taciturn("bob", "init", "--name", "Bob's desktop")
  tell(
    `Alice is ${text(alice.account)}, Bob is ${text(bob.account)}. Their keys are on their own disks; each has a recovery phrase of 24 words on paper.`,
  )

  chapter("A meeting")
  const { meeting } = await taciturn("alice", "meeting", "create", MEETING)
  await taciturn("alice", "meeting", "add", text(meeting), text(bob.account))
  await taciturn("bob", "meeting", "join")
  tell(
    `Alice made ${String(meeting)} and admitted Bob: a new epoch, whose secret reached him sealed. The server does not know that they are in it.`,
  )

  chapter("A recording")
  const { recording, sizeBytes } = await taciturn("alice", "upload", text(meeting), MEDIA, "--title", TITLE)
  tell(
    `Alice's device sealed ${String(sizeBytes)} bytes in segments of 64 KiB, sent them, and published ${String(recording)} once the server had signed that all is stored.`,
  )

  chapter("Playback, by the other one")
  const played = await play(text(recording))
  const fetched = await taciturn("bob", "download", text(recording), "-o", join(folder.path, "fetched"))
  const saved = await readFile(text(fetched.file))
  expectSame(digest(played), digest(saved), "what Bob's player got is what he can download")
  tell(
    `Bob's player read ${played.length} bytes by ranges; each segment was checked against the signed Merkle root before a byte was given out.`,
  )

  chapter("What the server holds")
  const holdings = await admin("holdings")
  for (const [name, held] of Object.entries(holdings.classes as Record<string, { rows: number; bytes: number }>))
    tell(`${name.padEnd(16)}${String(held.rows).padStart(5)} rows ${String(held.bytes).padStart(9)} bytes`)
  tell(`objects: ${JSON.stringify(holdings.objects)}, all ciphertext`)

  chapter("A search of all of it for what is known")
  const media = await readFile(MEDIA)
  const needles: readonly Needle[] = [
    { name: "the meeting's title", bytes: Buffer.from(MEETING) },
    { name: "the recording's title", bytes: Buffer.from(TITLE) },
    { name: "a device's name", bytes: Buffer.from("Alice's laptop") },
    ...[0.3, 0.5, 0.7].map((part) => ({
      name: "a stretch of the recording",
      bytes: saved.subarray(Math.floor(saved.length * part), Math.floor(saved.length * part) + 24),
    })),
  ]
  const original = new Haystack(needles)
  original.scan("the original", Buffer.concat([media, saved, Buffer.from(MEETING + TITLE + "Alice's laptop")]))
  if (original.found.size < 4) throw new Error("the search does not find what is there")
  const seized = new Haystack(needles)
  for (const data of stack.folders) await seizeFolder(seized, data)
  const rows = await seizeDatabase(
    seized,
    (await findRunning(join(stack.folders[0] ?? "", "postgres")))?.databaseUrl ?? "",
  )
  seized.scan("logs", Buffer.from(stack.logs()))
  if (seized.found.size > 0) throw new Error(`found on the server: ${[...seized.found].join(", ")}`)
  tell(
    `${rows} rows and ${Math.round(seized.scannedBytes / 2 ** 20)} MiB of database files, objects, spool and logs: nothing, in any of twelve encodings. The same search finds ${original.found.size} forms in the original.`,
  )

  chapter("A court asks")
  const production = join(folder.path, "production")
  const produced = await admin("produce", "--meeting", text(meeting), "-o", production)
  const verified = await admin("verify", production)
  tell(
    `${String(produced.objects)} objects of ciphertext and every row, in a signed bag: verified offline, complete: ${JSON.stringify(verified.present)}`,
  )
  await flipOneBit(join(production, "data", "objects"))
  const altered = await runProgram("taciturn-admin", ["verify", production, "--json"])
  if (altered.exitCode !== 3) throw new Error("an altered production was accepted")
  const { error } = altered.json as { error: { message: string; place: string } }
  tell(`One bit changed: refused, ${error.message} (${error.place}).`)
  say("\nThat was all. The folder and the service are gone.")
} finally {
  await stack.stop()
  await folder.remove()
}

type Result = Readonly<Record<string, unknown>>

async function taciturn(person: "alice" | "bob", ...args: readonly string[]): Promise<Result> {
  say(`  $ taciturn ${args.map((word) => (/[\s']/.test(word) ? JSON.stringify(word) : word)).join(" ")}`)
  return resultOf(
    await runProgram("taciturn", [...args, "--json"], { environment: environmentOf(person), cwd: folder.path }),
  )
}

async function admin(...args: readonly string[]): Promise<Result> {
  say(`  $ taciturn-admin ${args.join(" ")}`)
  return resultOf(
    await runProgram("taciturn-admin", [...args, "--json"], { environment: stack.adminEnvironment, cwd: folder.path }),
  )
}

function resultOf(result: ProgramResult): Result {
  if (result.exitCode !== 0)
    throw new Error(`it ended with ${String(result.exitCode)}: ${result.stdout}${result.stderr}`)
  return result.json as Result
}

function environmentOf(person: string): Record<string, string> {
  return { TACITURN_HOME: join(folder.path, person), TACITURN_URL: stack.url }
}

/** As a player would: the beginning, the end, then the whole. */
async function play(recording: string): Promise<Buffer> {
  say(`  $ taciturn play ${recording}`)
  const player = startProgram("taciturn", ["play", recording, "--json"], { environment: environmentOf("bob") })
  let url: string | undefined
  while (url === undefined && player.exitCode === null) {
    url = /"url":"([^"]+)"/.exec(player.output())?.[1]
    await delay(20)
  }
  if (url === undefined) throw new Error("play did not start")
  const whole = Buffer.from(await (await fetch(url)).arrayBuffer())
  const tail = Buffer.from(await (await fetch(url, { headers: { range: "bytes=-1000" } })).arrayBuffer())
  expectSame(digest(tail), digest(whole.subarray(-1_000)), "the end, asked for by a range, is the end")
  player.kill("SIGINT")
  await exitOf(player)
  return whole
}

async function flipOneBit(objects: string): Promise<void> {
  const [asset = ""] = await readdir(objects)
  const path = join(objects, asset, "0")
  const bytes = await readFile(path)
  bytes[1_000]! ^= 1
  await writeFile(path, bytes)
}

function text(value: unknown): string {
  if (typeof value !== "string") throw new Error("an answer without what was asked for")
  return value
}

function expectSame(a: string, b: string, what: string): void {
  if (a !== b) throw new Error(`not so: ${what}`)
}

function digest(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex")
}

function chapter(title: string): void {
  say(`\n${title}`)
}

function tell(line: string): void {
  say(`    ${line}`)
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
