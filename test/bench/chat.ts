import { cpus } from "node:os"
import { temporaryFolder } from "../support/programs.js"
import { startStack } from "../support/stack.js"
import { benchChatPage } from "./chat-page.js"
import { benchCommitting } from "./committing.js"
import { benchFanningOut } from "./fanned-out.js"
import { makeLongChat } from "./long-chat.js"

/** `npm run bench:chat [-- --quick] [-- committing | fanning | long]`: chat on the full stack. Nothing here passes or fails. */

const quick = process.argv.includes("--quick")
const parts = ["committing", "fanning", "long"].filter((part) => process.argv.includes(part))
const does = (part: string): boolean => parts.length === 0 || parts.includes(part)
const MESSAGES = quick ? 10_000 : 100_000

const folder = await temporaryFolder()
const stack = await startStack("full", {
  LOG_LEVEL: "silent",
  REQUESTS_PER_MINUTE: "0",
  ANONYMOUS_REQUESTS_PER_MINUTE: "0",
})
try {
  process.stdout.write(`${cpus().length} cores, ${cpus()[0]?.model ?? ""}\n`)
  const server = { url: stack.url, folder: folder.path, databaseUrl: stack.settings?.databaseUrl ?? "" }
  if (does("committing")) await benchCommitting(server)
  if (does("fanning")) await benchFanningOut(server)
  if (does("long")) await benchChatPage(stack.url, await makeLongChat(server, MESSAGES))
} finally {
  await stack.stop()
  await folder.remove()
}
