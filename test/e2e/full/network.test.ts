import { copyFile, mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { expect } from "chai"
import { io } from "socket.io-client"
import { until } from "../../../scripts/services.js"
import {
  acceptInvitation,
  listInvitations,
  type MeetingId,
  parseId,
  sendMessage,
  textContent,
  Typing,
  uploadSentFile,
  whoAmI,
} from "../../../client/sdk/index.js"
import { openStateFile } from "../../../client/sdk/node/state-file.js"
import { utf8 } from "../../../shared/protocol/bytes.js"
import { formatId } from "../../../shared/protocol/ids.js"
import { LIVE_NAMESPACES, LIVE_PATH } from "../../../shared/protocol/live.js"
import { Haystack, type Needle } from "../../support/needles.js"
import { random } from "../../support/people.js"
import { exitOf, root } from "../../support/programs.js"
import { startClient, type TestClient } from "../../support/sdk/clients.js"
import { type Onlooker, openOnlooker } from "../../support/sdk/onlooker.js"
import { bytesSource } from "../../support/sdk/sources.js"
import { clientSecrets } from "../../support/secrets.js"
import { type Stack, STACK_KINDS_OF_RUN, startStack } from "../../support/stack.js"
import { type Terminals, terminalsAt } from "../../support/taciturn.js"
import { startWire, type Wire } from "../../support/wire.js"

/** What people write, bring in and look for. */
const TEXTS = {
  meetingTitle: "Cormorant board, in private",
  message: "The cormorant nests at Hollowbrook",
  reply: "Then we buy Hollowbrook by Easter",
  edited: "Then we lease Hollowbrook by Easter",
  deleted: "Nobody ever saw the cormorant",
  withFile: "Here is the surveyor's drawing",
  sentFileName: "hollowbrook-drawing.txt",
  sentFile: "Forty acres of reed bed, and a boathouse beside the weir",
  presence: "raises a hand, cormorant",
  presenceBody: "wants the floor about the boathouse",
}
/** What was held elsewhere, and is imported. */
const IMPORTED = {
  importTitle: "Surveyors of Hollowbrook, autumn",
  importedLine: "The weir will not hold another winter",
  privateLine: "Offer them half of what the weir costs",
  unreadLine: "a line of the weir that no form fits",
  caption: "We dredged the boathouse channel in August",
  speaker: "Wilhelmina Featherstonehaugh",
  participant: "Balthazar Quartermaine",
  address: "quartermaine@hollowbrook.example",
  importedFileName: "weir-survey_chat.txt",
}
const QUERIES = {
  query: "boathouse channel dredged",
  queryOfNothing: "kingfishers of Hollowbrook",
  author: "Wilhelmina Feather",
}
const WITH_PASSPHRASE = { TACITURN_PASSPHRASE_FILE: "passphrase" }
const FILM = join(root, "test/data/meeting.mp4")

for (const kind of STACK_KINDS_OF_RUN) {
  describe(`what goes over the network to the ${kind} stack`, function () {
    this.timeout(300_000)
    let stack: Stack
    let wire: Wire
    let terminals: Terminals
    let people: readonly [TestClient, TestClient]
    let meeting: string
    let meetingId: MeetingId
    let needles: readonly Needle[]
    const onlookers: Onlooker[] = []

    before(async () => {
      let port = 0
      wire = await startWire(() => port)
      stack = await startStack(kind, {
        PUBLIC_URLS: wire.url,
      })
      port = Number(new URL(stack.url).port)
      terminals = await terminalsAt(wire.url)
      const at = { url: wire.url, folder: terminals.folder }
      people = [await startClient(at, "Eudora's laptop"), await startClient(at, "Florian's phone")]
    })
    after(async () => {
      for (const { stop } of onlookers) await stop()
      for (const { close } of people) await close()
      await terminals.close()
      await stack.stop()
      await wire.stop()
    })

    const cassandra = async (...args: readonly string[]) => await terminals.succeed("cassandra", args)
    const dorian = async (...args: readonly string[]) => await terminals.succeed("dorian", args, WITH_PASSPHRASE)

    it("people meet, talk, send a file, are seen to be there and to type, import what was elsewhere, and search", async () => {
      const { folder } = terminals
      await writeFile(join(folder, "passphrase"), "a phrase that nobody would guess\n")
      await cassandra("init", "--name", "laptop")
      const { account } = await dorian("init", "--name", "desk")
      ;({ meeting } = await cassandra("meeting", "create", TEXTS.meetingTitle))
      meetingId = parseId("meeting", meeting)
      for (const member of [account, ...people.map(({ client }) => formatId("account", whoAmI(client).accountId))])
        await cassandra("meeting", "add", meeting, member)
      await dorian("meeting", "join", "--all")
      for (const { client } of people)
        for (const waiting of await listInvitations(client)) await acceptInvitation(client, waiting)

      const tail = terminals.start("dorian", ["chat", "tail", meeting], WITH_PASSPHRASE)
      await until(() => Promise.resolve(tail.output().includes("following")), "chat tail")
      const { message } = await cassandra("chat", "send", meeting, TEXTS.message)
      const reply = (await dorian("chat", "send", meeting, TEXTS.reply, "--reply", message)).message
      await dorian("chat", "edit", meeting, reply, TEXTS.edited)
      await cassandra("chat", "react", meeting, reply, "👍")
      const deleted = (await cassandra("chat", "send", meeting, TEXTS.deleted)).message
      await cassandra("chat", "delete", meeting, deleted)
      await until(() => Promise.resolve(tail.output().includes(TEXTS.deleted)), "what is tailed")
      tail.kill("SIGINT")
      expect(await exitOf(tail)).to.equal(0)

      const [eudora, florian] = people
      const file = await uploadSentFile(eudora.client, meetingId, {
        fileName: TEXTS.sentFileName,
        mediaType: "text/plain",
        source: bytesSource(utf8(TEXTS.sentFile)),
      })
      const content = textContent(TEXTS.withFile, { files: [file] })
      expect((await sendMessage(eudora.client, meetingId, content)).trouble).to.equal(null)

      let writing: readonly Uint8Array[] = []
      const typing = new Typing(florian.client, (now) => (writing = now))
      const [a, b] = [
        await openOnlooker(eudora.client, meetingId),
        await openOnlooker(florian.client, meetingId, (said) => {
          typing.hear(said)
        }),
      ]
      onlookers.push(a, b)
      a.presence.come()
      b.presence.come()
      await b.sees(eudora.client)
      new Typing(eudora.client, () => undefined).say(a.presence)
      a.presence.say(TEXTS.presence, utf8(TEXTS.presenceBody))
      await until(() => Promise.resolve(b.said.includes(`${TEXTS.presence}:${TEXTS.presenceBody}`)), "what is said")
      await until(() => Promise.resolve(writing.length === 1), "who types")
      typing.end()

      const imported = await cassandra("import", "zoom", meeting, await zoomFolder(folder))
      expect(imported.recordings[0].chat).to.deep.include({ lines: 3, unread: 1 })

      for (const search of [dorian, cassandra]) {
        const [found] = (await search("search", QUERIES.query)).results
        expect(found.text).to.contain(IMPORTED.caption)
        expect((await search("search", QUERIES.queryOfNothing)).total).to.equal(0)
        expect((await search("search", "dredged", "--author", QUERIES.author)).total).to.equal(1)
        for (const words of ["cormorant nests", "winter", TEXTS.sentFileName])
          expect((await search("search", words)).total, words).to.be.above(0)
      }
      expect((await dorian("chat", "list", meeting)).messages).to.have.length(4)
      needles = await needlesOf(terminals, wire.url, meeting, people)
    })

    it("nothing of it goes over the network, what sockets mask included", async () => {
      const haystack = new Haystack(needles)
      wire.seize(haystack)
      expect([...haystack.found]).to.deep.equal([])
      // Nothing that was compressed, which the scan would not see through.
      const compressed = new Haystack(
        ["content-encoding: gzip", "content-encoding: br", "permessage-deflate"].map((text) => ({
          name: text,
          bytes: Buffer.from(text),
        })),
      )
      wire.seize(compressed)
      // Clients offer it, as their library does; the server takes no offer.
      expect([...compressed.found].filter((found) => found.includes("answered"))).to.deep.equal([])
      for (const count of Object.values(wire.counts)) expect(count).to.be.above(1_000)
    })

    it("what goes over it in the clear is found, on a socket too", async () => {
      // A socket that says it: as a token, which is none.
      const socket = io(`${wire.url}${LIVE_NAMESPACES.meeting}`, {
        path: LIVE_PATH,
        transports: ["websocket"],
        auth: { token: TEXTS.message },
        forceNew: true,
        reconnection: false,
      })
      await new Promise((resolve) => socket.once("connect_error", resolve))
      socket.disconnect()
      await fetch(`${wire.url}/v1/instance?q=${encodeURIComponent(TEXTS.reply)}`)
      const haystack = new Haystack(needles)
      wire.seize(haystack)
      expect([...haystack.found]).to.have.members([
        "the network, said on a socket: message, as it is",
        "the network, asked: reply, URI component",
      ])
    })
  })
}

async function needlesOf(
  { folder }: Terminals,
  url: string,
  meeting: string,
  people: readonly TestClient[],
): Promise<readonly Needle[]> {
  const texts = Object.entries({ ...TEXTS, ...IMPORTED, ...QUERIES })
  const box = await openStateFile(join(folder, "cassandra", "keystore"), () => Promise.resolve(null), random)
  const { searchKey } = box.current
  expect(searchKey, "a search key").not.to.equal(null)
  return [
    ...texts.map(([name, text]) => ({ name, bytes: utf8(text) })),
    { name: "search key", bytes: searchKey ?? new Uint8Array(0) },
    ...(await clientSecrets(join(folder, "cassandra"), url, meeting)),
    ...people.map(({ client }) => ({
      name: "a member's device's Ed25519 seed",
      bytes: client.state.current.secrets.device.ed25519Seed,
    })),
  ]
}

/** A folder as Zoom leaves it, of a meeting that nobody here was at. @returns its path. */
async function zoomFolder(within: string): Promise<string> {
  const folder = join(within, "import", IMPORTED.importTitle)
  await mkdir(folder, { recursive: true })
  await copyFile(FILM, join(folder, "weir-survey_video.mp4"))
  const { speaker, participant, importedLine, privateLine, unreadLine, caption, address, importedFileName } = IMPORTED
  const lines = [
    unreadLine,
    `00:00:01 From ${speaker} to Everyone: ${importedLine}`,
    `00:00:02 From ${participant} to ${speaker} (Direct Message): ${privateLine}`,
  ]
  await writeFile(join(folder, importedFileName), `${lines.join("\n")}\n`)
  await writeFile(
    join(folder, "weir-survey_transcript.vtt"),
    `WEBVTT\n\n00:00:00.200 --> 00:00:01.900\n${speaker}: ${caption}\n`,
  )
  await writeFile(
    join(folder, "weir-survey_participants.csv"),
    `Name (Original Name),User Email,Total Duration (Minutes)\n${participant},${address},12\n`,
  )
  return folder
}
