import { createMeeting, readMeeting, textContent } from "../../client/sdk/index.js"
import { MessageCommits } from "../../api/chat/commits.js"
import { openCatalog } from "../../shared/server/catalog/database.js"
import { type PostedMessage, postMessages } from "../../shared/server/catalog/messages.js"
import { startClient } from "../support/sdk/clients.js"
import { sealerOf } from "./sealed-chat.js"
import { median } from "./statistics.js"

/**
 * Messages of one meeting that are kept in a second, committed together as the server does it, against one in each transaction: by as many who wait, which
 * stand in each other's way, and by one alone, one after another.
 */

const RUNS = 5
const MESSAGES = 2_000
const WRITERS = 64
const NO_CAPS = { meetingBytes: null, instanceBytes: null }

interface Server {
  readonly url: string
  readonly folder: string
  readonly databaseUrl: string
}

export async function benchCommitting(server: Server): Promise<void> {
  const { client, close } = await startClient(server, "writer")
  const meetingId = await createMeeting(client, "Committed")
  const log = await readMeeting(client, meetingId)
  const sealer = await sealerOf(client)
  const catalog = openCatalog(server.databaseUrl)
  const commits = new MessageCommits(catalog, NO_CAPS, () => undefined)
  const [together, each, alone]: [number[], number[], number[]] = [[], [], []]
  const keepOne = async (posted: PostedMessage): Promise<void> => {
    const [result] = await postMessages(catalog, NO_CAPS, meetingId, [posted])
    if (result instanceof Error) throw result
  }
  const measure = async (writers: number, keep: (posted: PostedMessage) => Promise<unknown>): Promise<number> => {
    const waiting = Array.from({ length: MESSAGES }, (_, n) => sealer.seal(log, textContent(`Number ${n}`), n))
    const beganMs = performance.now()
    const write = async (): Promise<void> => {
      for (let posted = waiting.pop(); posted !== undefined; posted = waiting.pop()) await keep(posted)
    }
    await Promise.all(Array.from({ length: writers }, write))
    return (MESSAGES * 1_000) / (performance.now() - beganMs)
  }
  try {
    for (let run = 0; run < RUNS; run++) {
      together.push(await measure(WRITERS, async (posted) => await commits.post(meetingId, posted)))
      each.push(await measure(WRITERS, keepOne))
      alone.push(await measure(1, keepOne))
    }
  } finally {
    await catalog.close()
    await close()
  }
  for (const [name, others] of [
    [`each in its transaction, by ${WRITERS} writers`, each],
    ["each in its transaction, by one writer", alone],
  ] as const) {
    const ratio = median(together.map((perSecond, run) => perSecond / (others[run] ?? 0)))
    const all = together.map((perSecond, run) => `${Math.round(perSecond)}/${Math.round(others[run] ?? 0)}`).join(" ")
    process.stdout.write(
      `messages kept a second, committed together for ${WRITERS} writers / ${name}: ${ratio.toFixed(1)} (${all}); goal at least 3\n`,
    )
  }
}
