import { randomBytes } from "node:crypto"
import { copyFile, readFile } from "node:fs/promises"
import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import { expect } from "chai"
import { openCatalog } from "../../shared/server/catalog/database.js"
import { parseId } from "../../shared/protocol/ids.js"
import { openS3Store } from "../../shared/server/objects/s3.js"
import { findRunning } from "../../shared/server/postgres/embedded.js"
import { Haystack, type Needle } from "../support/needles.js"
import { exitOf, root, runProgram, startProgram, temporaryFolder } from "../support/programs.js"
import { clientSecrets, windows } from "../support/secrets.js"
import { seizeDatabase, seizeFolder, seizeMemory } from "../support/seize.js"
import { type Stack, STACK_KINDS_OF_RUN, startStack } from "../support/stack.js"

const TEXTS = {
  meetingTitle: "Merger talks with Oriole Holdings",
  recordingTitle: "Second round of the Oriole call",
  deviceName: "Cassandra's thinkpad",
  fileName: "oriole-second-round.mp4",
  message: "Oriole's board asks for eleven a share",
}
/** Of one long message: enough for a pack. */
const LONG_BYTES = 16_000

for (const kind of STACK_KINDS_OF_RUN) {
  describe(`everything on the ${kind} stack, seized`, function () {
    this.timeout(240_000)
    let stack: Stack
    let folder: Awaited<ReturnType<typeof temporaryFolder>>

    before(async () => {
      folder = await temporaryFolder()
      stack = await startStack(kind, { LOG_LEVEL: "debug", PACK_AFTER_DAYS: "0", RECONCILE_SECONDS: "1" })
    })
    after(async () => {
      await stack.stop()
      await folder.remove()
    })

    it("database, objects, spool, queue, logs, memory and what is handed over give no plaintext and no key, during an upload and after", async () => {
      const environment = { TACITURN_HOME: join(folder.path, "cassandra"), TACITURN_URL: stack.url }
      const run = async (...args: string[]): Promise<Record<string, string>> => {
        const result = await runProgram("taciturn", [...args, "--json"], { environment, cwd: folder.path })
        expect(result.exitCode, result.stdout + result.stderr).to.equal(0)
        return result.json
      }
      await run("init", "--name", TEXTS.deviceName)
      const { meeting = "" } = await run("meeting", "create", TEXTS.meetingTitle)
      await copyFile(join(root, "test/data/meeting.mp4"), join(folder.path, TEXTS.fileName))
      await copyFile(join(root, "test/data/meeting.vtt"), join(folder.path, TEXTS.fileName.replace("mp4", "vtt")))
      await run("upload", meeting, TEXTS.fileName, "--title", TEXTS.recordingTitle)

      const long = randomBytes(LONG_BYTES / 2).toString("hex")
      await run("chat", "send", meeting, `${TEXTS.message}, and nothing less.`)
      await run("chat", "send", meeting, long)
      await waitForPack(stack)
      expect(await run("chat", "list", meeting)).to.satisfy((shown: unknown) => JSON.stringify(shown).includes(long))

      // A second upload is held half-way: its input has begun and not ended.
      const media = randomBytes(44 * 1024 * 1024)
      const uploading = startProgram("taciturn", ["upload", meeting, "-", "--title", "Held half-way"], { environment })
      uploading.stdin?.write(media)
      await waitForBytes(stack, 12 * 1024 * 1024)

      const needles = [
        ...textNeedles(),
        ...windows("media", await readFile(join(folder.path, TEXTS.fileName))),
        ...windows("captions", await readFile(join(root, "test/data/meeting.vtt"))),
        ...windows("streamed media", media),
        ...windows("packed message", Buffer.from(long)),
        ...(await clientSecrets(environment.TACITURN_HOME, stack.url, meeting)),
      ]
      const during = new Haystack(needles)
      await seizeServer(during, stack)
      expect([...during.found]).to.deep.equal([])

      const client = new Haystack(needles)
      await seizeMemory(client, "client", uploading.pid ?? 0)
      const inClient = [...client.found].join("\n")
      for (const name of ["streamed media", "epoch secret", "device's Ed25519 seed"])
        expect(inClient, `the scan finds the ${name} where it is`).to.contain(name)

      uploading.stdin?.end()
      expect(await exitOf(uploading), uploading.output()).to.equal(0)
      const after = new Haystack(needles)
      await seizeServer(after, stack)
      expect([...after.found]).to.deep.equal([])
      expect(after.scannedBytes).to.be.greaterThan(50 * 1024 * 1024)

      const { account = "" } = await run("whoami")
      const production = await produceAll(stack, folder.path, [meeting, account])
      const handedOver = new Haystack([...needles, { name: "meeting id", bytes: parseId("meeting", meeting) }])
      await seizeFolder(handedOver, production)
      await seizeRecords(handedOver, join(production, "data/records.jsonl"))
      expect(
        [...handedOver.found].every((found) => found.includes(": meeting id")),
        [...handedOver.found].join("\n"),
      ).to.equal(true)
      expect(handedOver.found.size, "the scan finds in rows what is there").to.be.greaterThan(0)
      expect(handedOver.scannedBytes).to.be.greaterThan(44 * 1024 * 1024)

      const home = new Haystack(textNeedles())
      await seizeFolder(home, folder.path)
      home.scan("arguments", Buffer.from(JSON.stringify(TEXTS)))
      expect(home.found.size, "the scan finds texts where they are").to.be.greaterThan(2)
    })
  })
}

async function databaseUrlOf({ settings, folders }: Stack): Promise<string> {
  return settings?.databaseUrl ?? (await findRunning(join(folders[0] ?? "", "postgres")))?.databaseUrl ?? ""
}

/** Everything of these, as an authority gets it. @returns the folder. */
async function produceAll(stack: Stack, folder: string, ids: readonly string[]): Promise<string> {
  const admin = async (...args: string[]): Promise<Record<string, string>> => {
    const environment = { ...stack.adminEnvironment }
    const result = await runProgram("taciturn-admin", [...args, "--json"], { environment, cwd: folder })
    expect(result.exitCode, result.stdout + result.stderr).to.equal(0)
    return result.json
  }
  const letter = [
    "--kind",
    "produce",
    "--authority",
    "District Court",
    "--country",
    "DE",
    "--reference",
    "12 Gs 345/26",
  ]
  const { case: caseId = "" } = await admin("case", "open", ...letter)
  const flags = ids.flatMap((id) => [id.startsWith("mtg_") ? "--meeting" : "--account", id])
  await admin("case", "scope", caseId, ...flags)
  await admin("case", "hold", caseId, "--until", "2199-01-01")
  await admin("case", "produce", caseId, "-o", "production")
  await admin("verify", "production")
  return join(folder, "production")
}

/** What rows hold, out of the text that they are written in. */
async function seizeRecords(haystack: Haystack, path: string): Promise<void> {
  for (const line of (await readFile(path, "utf8")).trimEnd().split("\n")) {
    const { table, row } = JSON.parse(line) as { readonly table: string; readonly row: Record<string, unknown> }
    for (const value of Object.values(row).flat()) {
      haystack.scan(`row of ${table}`, Buffer.from(String(value)))
      haystack.scan(`row of ${table}`, Buffer.from(String(value), "base64"))
    }
  }
}

async function seizeServer(haystack: Haystack, stack: Stack): Promise<void> {
  for (const folder of stack.folders) await seizeFolder(haystack, folder)
  haystack.scan("logs", Buffer.from(stack.logs()))
  expect(await seizeDatabase(haystack, await databaseUrlOf(stack))).to.be.greaterThan(10)
  for (const [role, pid] of Object.entries(stack.pids)) await seizeMemory(haystack, `memory of ${role}`, pid)
  const s3 = stack.settings?.s3
  if (s3 == null) return
  const store = openS3Store({ ...s3, region: "us-east-1" })
  for await (const { key } of store.list("")) {
    const parts: Buffer[] = []
    for await (const part of await store.get(key)) parts.push(part as Buffer)
    haystack.scan(`object ${key}`, Buffer.concat(parts))
  }
  await store.close()
}

/** Until the messages are in an object of the store. */
async function waitForPack(stack: Stack): Promise<void> {
  const catalog = openCatalog(await databaseUrlOf(stack))
  try {
    for (const deadline = performance.now() + 60_000; ;) {
      const [row] = await catalog.query<{ whole: number }>(
        "SELECT count(*)::int AS whole FROM messages WHERE message IS NOT NULL",
        [],
      )
      if (row?.whole === 0) return
      if (performance.now() > deadline) throw new Error("nothing was packed")
      await delay(200)
    }
  } finally {
    await catalog.close()
  }
}

/** Until the server has acknowledged so much of what is being uploaded. */
async function waitForBytes(stack: Stack, sizeBytes: number): Promise<void> {
  for (const deadline = performance.now() + 60_000; ;) {
    const result = await runProgram("taciturn-admin", ["holdings", "--json"], { environment: stack.adminEnvironment })
    const { objects, spool } = result.json as Record<"objects" | "spool", { readonly bytes: number }>
    if (objects.bytes + spool.bytes > sizeBytes) return
    if (performance.now() > deadline) throw new Error("nothing was uploaded")
    await delay(200)
  }
}

function textNeedles(): readonly Needle[] {
  return Object.entries(TEXTS).map(([name, text]) => ({ name, bytes: Buffer.from(text) }))
}
