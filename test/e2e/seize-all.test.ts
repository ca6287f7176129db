import { randomBytes } from "node:crypto"
import { copyFile, mkdir, readdir, readFile, writeFile } from "node:fs/promises"
import { extname, join } from "node:path"
import { expect } from "chai"
import {
  acceptInvitation,
  addContact,
  addMember,
  bringUpToDate,
  ChatReader,
  type Client,
  listInvitations,
  openSearchFolder,
  queueMessage,
  sendMessage,
  textContent,
  Typing,
  unsentMessages,
  uploadSentFile,
  whoAmI,
} from "../../client/sdk/index.js"
import { requireMeeting } from "../../client/sdk/meetings.js"
import { until } from "../../scripts/services.js"
import { toHex } from "../../shared/protocol/bytes.js"
import { parseId } from "../../shared/protocol/ids.js"
import { encodePresence, type PresenceStatement } from "../../shared/protocol/presence.js"
import { Haystack, type Needle, textNeedles } from "../support/needles.js"
import { exitOf, root, runProgram } from "../support/programs.js"
import { openOnlooker } from "../support/sdk/onlooker.js"
import { bytesSource } from "../support/sdk/sources.js"
import { openHome, secretsOf, windows } from "../support/secrets.js"
import { seizeFolder, seizeMemory } from "../support/seize.js"
import { seizeServer } from "../support/seize-server.js"
import { untilPacked, untilUploaded } from "../support/stack-database.js"
import { type Stack, STACK_KINDS_OF_RUN, startStack } from "../support/stack.js"
import { type Terminals, terminalsAt } from "../support/taciturn.js"
import { copyZoomFolder, zoomNeedles } from "../support/zoom-folder.js"

/** What people call things, and what protects them: a keystore without a passphrase has these open. */
const KEPT = {
  meetingTitle: "Merger talks with Oriole Holdings",
  deviceName: "Cassandra's thinkpad",
  personName: "Cassandra Featherstone",
}
/** What is said and shown, which stands sealed on every disk. */
const SAID = {
  recordingTitle: "Second round of the Oriole call",
  fileName: "oriole-second-round.mp4",
  message: "Oriole's board asks for eleven a share",
  reply: "Ten and a half, and not a cent above",
  edited: "Oriole's board has come down to ten",
  reaction: "Oriole agreed",
  sentFileName: "oriole-valuation.xlsx",
  unsent: "Nobody has been told of the auditors",
  presence: "weighs the Oriole bid",
  query: "eleven oriole board",
}
const PASSPHRASE = "an oriole sings at daybreak"
/** Of one long message: enough for a pack. */
const LONG_BYTES = 16_000
/** Where the scan must find what a server does know, or it did not look there. */
const PLACES = {
  embedded: ["/postgres/", "/objects/", "logs: ", "table messages: ", "memory of service: "],
  full: [
    "/postgres/",
    "/api.log: ",
    "object ",
    "table messages: ",
    "memory of api: ",
    "memory of worker: ",
    "memory of redis: ",
  ],
}
const HELD_BYTES = 12 * 1024 * 1024

for (const kind of STACK_KINDS_OF_RUN) {
  describe(`everything on the ${kind} stack, seized`, function () {
    this.timeout(240_000)
    let stack: Stack
    let terminals: Terminals
    let meeting: string
    let account: string
    let said: readonly Needle[]
    let kept: readonly Needle[]
    let uploading: ReturnType<Terminals["start"]>
    let cassandra: Client
    let bob: Client
    const heard: PresenceStatement[] = []
    const closers: (() => Promise<void>)[] = []

    const place = (...names: readonly string[]): string => join(terminals.folder, ...names)
    const environmentOf = (person: string): Record<string, string> => ({
      TMPDIR: place("tmp"),
      ...(person === "bob" ? { TACITURN_PASSPHRASE_FILE: place("passphrase") } : {}),
    })
    const as = async (person: string, ...args: readonly string[]): Promise<ReturnType<Terminals["succeed"]>> =>
      await terminals.succeed(person, args, environmentOf(person))

    before(async () => {
      stack = await startStack(kind, { LOG_LEVEL: "debug", PACK_AFTER_DAYS: "0", RECONCILE_SECONDS: "1" })
      terminals = await terminalsAt(stack.url)
      await mkdir(place("tmp"))
      await writeFile(place("passphrase"), PASSPHRASE)
      await copyFile(join(root, "test/data/meeting.mp4"), place(SAID.fileName))
      await copyFile(join(root, "test/data/meeting.vtt"), place(SAID.fileName.replace("mp4", "vtt")))
      await copyZoomFolder(place("zoom-meeting"))

      const accounts = {
        cassandra: await as("cassandra", "init", "--name", KEPT.deviceName),
        bob: await as("bob", "init"),
      }
      ;({ account } = accounts.cassandra)
      ;({ meeting } = await as("cassandra", "meeting", "create", KEPT.meetingTitle))
      cassandra = await open("cassandra")
      bob = await open("bob", PASSPHRASE)
      await admit()
      await as("cassandra", "upload", meeting, SAID.fileName, "--title", SAID.recordingTitle)
      await as("cassandra", "import", "zoom", meeting, "zoom-meeting")
      await as("cassandra", "chat", "send", meeting, `${SAID.message}, and nothing less.`)
      expect(JSON.stringify(await as("cassandra", "search", SAID.query))).to.contain(SAID.message)

      const [media, sentFile] = [randomBytes(44 * 1024 * 1024), randomBytes(100_000)]
      const long = randomBytes(LONG_BYTES / 2).toString("hex")
      await chatOn(sentFile, long)
      const folder = await openSearchFolder(bob, place("bob", "search"))
      const shard = await folder.load(meetingHash())
      await bringUpToDate(bob, parseId("meeting", meeting), shard, { signal: new AbortController().signal })
      await folder.save(meetingHash(), shard)
      await look()

      // Held half-way: its input has begun and not ended.
      const args = ["upload", meeting, "-", "--title", "Held half-way"]
      uploading = terminals.start("cassandra", args, environmentOf("cassandra"))
      closers.unshift(async () => {
        uploading.kill("SIGKILL")
        await exitOf(uploading)
      })
      uploading.stdin?.write(media)
      await untilUploaded(stack, HELD_BYTES)

      kept = [
        ...textNeedles({ ...KEPT, passphrase: PASSPHRASE }),
        ...Object.values(accounts).map(({ recoveryPhrase }: Record<string, string>) => ({
          name: "recovery words",
          bytes: Buffer.from(recoveryPhrase!.split(" ").slice(0, 3).join(" ")),
        })),
        ...(await secretsOf(cassandra, meeting)),
        ...(await secretsOf(bob, meeting)),
      ]
      said = [
        ...textNeedles(SAID),
        ...(await zoomNeedles()),
        ...windows("media", await readFile(place(SAID.fileName))),
        ...windows("captions", await readFile(join(root, "test/data/meeting.vtt"))),
        ...windows("streamed media", media),
        ...windows("sent file", sentFile),
        ...windows("packed message", Buffer.from(long)),
        ...heard.map(({ session }) => ({ name: "presence session", bytes: session })),
      ]
    })
    after(async () => {
      for (const close of closers) await close()
      await stack.stop()
      await terminals.close()
    })

    /** The same as the command, in this process. */
    async function open(person: string, passphrase: string | null = null): Promise<Client> {
      const { client, close } = await openHome(place(person), stack.url, passphrase)
      closers.push(close)
      return client
    }

    function meetingHash(): Uint8Array {
      return requireMeeting(cassandra, parseId("meeting", meeting)).meetingHash
    }

    async function admit(): Promise<void> {
      await addMember(cassandra, parseId("meeting", meeting), whoAmI(bob).accountId)
      const [invitation] = await listInvitations(bob)
      await acceptInvitation(bob, invitation!)
      await addContact(bob, account, KEPT.personName)
    }

    /** With an answer, a file, a change, a reaction, what is packed, and what was never sent. */
    async function chatOn(sentFile: Uint8Array, long: string): Promise<void> {
      const id = parseId("meeting", meeting)
      const [first] = (await ChatReader.open(cassandra, id)).entries()
      if (first?.kind !== "authentic") return expect.fail("the message is there")
      const target = { messageId: first.messageId, hash: first.hash }
      const [fileName, source] = [SAID.sentFileName, bytesSource(sentFile)]
      const file = await uploadSentFile(cassandra, id, { fileName, mediaType: "text/csv", source })
      for (const content of [
        textContent(SAID.reply, { replyTo: target, files: [file] }),
        { type: "edit", target, text: SAID.edited, mentions: [] },
        { type: "reaction", target, reaction: SAID.reaction, isSet: true },
        textContent(long),
      ] as const)
        expect((await sendMessage(cassandra, id, content)).trouble).to.equal(null)
      await untilPacked(stack)
      const read = (await ChatReader.open(bob, id))
        .entries()
        .flatMap((entry) => (entry.kind === "authentic" && entry.content.type === "text" ? [entry.content.text] : []))
      expect(read).to.include(long)
      await queueMessage(cassandra, id, textContent(SAID.unsent))
      expect(unsentMessages(cassandra, id)).to.have.length(1)
    }

    /** Both have the meeting open, and write, until the end. */
    async function look(): Promise<void> {
      const clients = [cassandra, bob]
      const onlookers = await Promise.all(
        clients.map(
          async (client) => await openOnlooker(client, parseId("meeting", meeting), (one) => heard.push(one)),
        ),
      )
      closers.unshift(...onlookers.map(({ stop }) => stop))
      for (const [index, { presence }] of onlookers.entries()) {
        presence.come()
        new Typing(clients[index]!, () => undefined).say(presence)
        presence.say(SAID.presence)
      }
      const isHeard = (type: string): boolean =>
        new Set(heard.filter((one) => one.type === type).map(({ deviceKey }) => toHex(deviceKey))).size === 2
      for (const type of ["here", "typing", SAID.presence])
        await until(() => Promise.resolve(isHeard(type)), `${type} of both`)
    }

    it("during an upload, with both there, the server has no plaintext and no key: files, rows, objects, queue, logs, memory", async () => {
      const during = new Haystack([...said, ...kept, ...knownOf(meeting)])
      await seizeServer(during, stack)
      expect([...during.found].filter((found) => !isKnown(found))).to.deep.equal([])
      for (const where of PLACES[kind])
        expect(
          [...during.found].some((found) => found.includes(where)),
          `the scan finds what is known in ${where}`,
        ).to.equal(true)

      const client = new Haystack([...said, ...kept])
      await seizeMemory(client, "client", uploading.pid ?? 0)
      const inClient = [...client.found].join("\n")
      for (const name of ["streamed media", "epoch secret", "device's Ed25519 seed"])
        expect(inClient, `the scan finds the ${name} where it is`).to.contain(name)
    })

    it("on a member's disk nothing that was said stands in the clear, and under a passphrase nothing at all", async () => {
      const disk = new Haystack([...said, ...kept])
      await seizeFolder(disk, terminals.folder)
      const found = [...disk.found].map((one) => one.replace(`${terminals.folder}/`, ""))
      const inHomes = found.filter((one) => /^(?:cassandra|bob|tmp)\//.test(one))
      const open = new Set(kept.map(({ name }) => `cassandra/keystore: ${name}, as it is`))
      expect(inHomes.filter((one) => !open.has(one))).to.deep.equal([])
      for (const name of ["meetingTitle", "epoch secret", "search key"])
        expect(inHomes, "the scan finds what is there").to.include(`cassandra/keystore: ${name}, as it is`)
      for (const name of ["media", "captions", "imported chat", "imported people", "passphrase"])
        expect(found.join("\n"), "the scan finds what a person put there").to.contain(`: ${name}`)
      const kinds = (await readdir(place("cassandra"), { recursive: true })).map((name) => extname(name))
      expect(kinds, "the held upload is there").to.include.members([".sealed", ".leaves", ".json"])
    })

    it("and what is sealed there is just that", async () => {
      const open = new Haystack(said)
      for (const [client, person] of [
        [cassandra, "cassandra"],
        [bob, "bob"],
      ] as const) {
        const shard = await (await openSearchFolder(client, place(person, "search"))).load(meetingHash())
        open.scan(`index of ${person}`, Buffer.from(JSON.stringify(shard.search(""))))
      }
      for (const statement of heard) open.scan("presence", Buffer.from(encodePresence(statement)))
      const found = [...open.found].join("\n")
      for (const name of ["recordingTitle", "fileName", "imported chat", "imported people", "imported spoken"])
        for (const person of ["cassandra", "bob"]) expect(found).to.contain(`index of ${person}: ${name}`)
      for (const name of ["reply", "edited", "sentFileName"]) expect(found).to.contain(`index of bob: ${name}`)
      for (const name of ["presence", "presence session"]) expect(found).to.contain(`presence: ${name}`)
    })

    it("after the upload neither", async () => {
      uploading.stdin?.end()
      expect(await exitOf(uploading), uploading.output()).to.equal(0)
      const after = new Haystack([...said, ...kept])
      await seizeServer(after, stack)
      expect([...after.found]).to.deep.equal([])
      expect(after.scannedBytes).to.be.greaterThan(50 * 1024 * 1024)
    })

    it("nor has what is handed over of the meeting and an account", async () => {
      const production = await produceAll(stack, terminals.folder, [meeting, account])
      const handedOver = new Haystack([...said, ...kept, ...knownOf(meeting)])
      await seizeFolder(handedOver, production)
      await seizeRecords(handedOver, join(production, "data/records.jsonl"))
      expect([...handedOver.found].filter((found) => !isKnown(found))).to.deep.equal([])
      expect(handedOver.found.size, "the scan finds in rows what is there").to.be.greaterThan(0)
      expect(handedOver.scannedBytes).to.be.greaterThan(44 * 1024 * 1024)
    })
  })
}

/** What a server does know: a meeting by its id, and in its logs the form of what is asked of it. */
function knownOf(meeting: string): readonly Needle[] {
  return [
    { name: "known id", bytes: parseId("meeting", meeting) },
    { name: "known route", bytes: Buffer.from("/v1/meetings/:meeting") },
  ]
}

function isKnown(found: string): boolean {
  return /: known (?:id|route)/.test(found)
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
