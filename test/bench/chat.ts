import { cpus } from "node:os"
import { temporaryFolder } from "../support/programs.js"
import { startStack } from "../support/stack.js"
import { benchChatPage } from "./chat-page.js"
import { benchCommitting } from "./committing.js"
import { benchFanningOut } from "./fanned-out.js"
import { makeLongChat } from "./long-chat.js"
import { benchSearchingChat } from "./searching.js"

/** `npm run bench:chat [-- --quick] [-- committing | fanning | long | searching]`: chat on the full stack. Nothing here passes or fails. */

const quick = process.argv.includes("--quick")
const PARTS = ["committing", "fanning", "long", "searching"] as const
const parts = PARTS.filter((part) => process.argv.includes(part))
const MESSAGES = quick ? 10_000 : 100_000

process.stdout.write(`${cpus().length} cores, ${cpus()[0]?.model ?? ""}\n`)
for (const part of parts.length === 0 ? PARTS : parts) {
  const folder = await temporaryFolder()
  const stack = await startStack("full", {
    LOG_LEVEL: "silent",
    REQUESTS_PER_MINUTE: "0",
    ANONYMOUS_REQUESTS_PER_MINUTE: "0",
    // What is written right now is packed days later; what is long ago is read from packs.
    PACK_AFTER_DAYS: part === "long" || part === "searching" ? "0" : "2",
  })
  try {
    const server = { url: stack.url, folder: folder.path, databaseUrl: stack.settings?.databaseUrl ?? "" }
    if (part === "committing") await benchCommitting(server)
    if (part === "fanning") await benchFanningOut({ ...server, apiPid: stack.pids["api"] ?? 0, isQuick: quick })
    if (part === "long") await benchChatPage(stack.url, await makeLongChat(server, MESSAGES))
    if (part === "searching") await benchSearchingChat(stack.url, await makeLongChat(server, MESSAGES, false), MESSAGES)
  } finally {
    await stack.stop()
    await folder.remove()
  }
}
