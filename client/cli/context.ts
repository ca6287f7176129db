import { randomBytes } from "node:crypto"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { Writable } from "node:stream"
import type { Clock, RandomBytes } from "../../shared/protocol/ambient.js"
import { ArchiveError, isArchiveError } from "../../shared/protocol/errors.js"
import { formatId } from "../../shared/protocol/ids.js"
import { nodePrimitives } from "../crypto/node-primitives.js"
import { keystoreNeedsPassphrase } from "../crypto/keystore.js"
import { sodiumReady } from "../crypto/sodium.js"
import { settleAllFiles } from "../sdk/chat/delete-files.js"
import { flushChats } from "../sdk/chat/send.js"
import { type Client, createClient } from "../sdk/client.js"
import { Http } from "../sdk/http.js"
import { fetchInstance } from "../sdk/instance.js"
import { flushOutbox } from "../sdk/outbox.js"
import { rekeyPending } from "../sdk/devices.js"
import { admitPreApproved } from "../sdk/offers.js"
import { refreshKeys } from "../sdk/links.js"
import { registerAccount } from "../sdk/account.js"
import { readIfThere } from "../sdk/node/files.js"
import { createSegmentThread } from "../sdk/node/segment-thread.js"
import { openStateFile } from "../sdk/node/state-file.js"
import { createNodeTransport } from "../sdk/node/transport.js"
import { withRetry } from "../sdk/retry.js"
import type { StateBox } from "../sdk/state.js"
import { shareLooks } from "../sdk/share-looks.js"
import { type CliConfig, DEFAULT_URL, readCliConfig } from "./config.js"
import { createFailpoint } from "./failpoint.js"
import { newsText } from "./news.js"
import { createOutput, type Output } from "./output.js"

export const secureRandom: RandomBytes = (count) => new Uint8Array(randomBytes(count))
export const systemClock: Clock = { nowMs: () => Date.now() }

export interface OpenOptions {
  /** How long to wait for a server that is not there now, beyond the seconds that every command waits. */
  readonly patienceMs?: number
  /** Whether who came by a pre-approved link is admitted first: not where the command may be about to forbid it. */
  readonly admits?: boolean
  /** Whether what waits in chats is sent first: not where the command sends it otherwise, or throws it away. */
  readonly sendsChat?: boolean
}

/** What every command is given. */
export interface CommandContext {
  readonly config: CliConfig
  readonly output: Output
  /** Ends with Ctrl-C. */
  readonly signal: AbortSignal
  readonly keystorePath: string
  httpFor(url: string): Http
  clientFor(http: Http, state: StateBox): Client
  /**
   * The account of this home, at the server that it knows, with what an earlier call left unsent posted.
   * @throws {@link ArchiveError} `not-found` without an account; `instance-changed`.
   */
  openClient(options?: OpenOptions): Promise<Client>
  /** The same without a word to the server. */
  openOffline(): Promise<Client>
  passphrase(question: string): Promise<string | null>
  close(): Promise<void>
}

export async function createContext(options: {
  readonly json: boolean
  readonly url: string | undefined
  readonly signal: AbortSignal
}): Promise<CommandContext> {
  await sodiumReady()
  const config = readCliConfig()
  const { transport, close } = createNodeTransport()
  const thread = createSegmentThread()
  const output = createOutput(options.json)
  const keystorePath = join(config.home, "keystore")
  const retry = { signal: options.signal }
  const context: CommandContext = {
    config,
    output,
    signal: options.signal,
    keystorePath,
    httpFor: (url) => new Http(url, transport, retry),
    clientFor: (http, state) => {
      const client: Client = createClient({
        http,
        state,
        clock: systemClock,
        random: secureRandom,
        primitives: nodePrimitives,
        segmentWork: thread,
        failpoint: createFailpoint(config.failpoint),
        onNews: (news) => {
          output.note(`news: ${newsText(client, news)}`)
        },
      })
      return client
    },
    openOffline: async () => {
      const state = await openStateFile(keystorePath, async () => await passphraseFor(context), secureRandom)
      return context.clientFor(context.httpFor(options.url ?? config.url ?? state.current.url), state)
    },
    openClient: async ({ patienceMs = 0, admits = true, sendsChat = true } = {}) => {
      const client = await context.openOffline()
      const { instanceKey } = client.state.current
      // Nothing is sent to a server that is another.
      await withRetry(async () => await fetchInstance(client.http, instanceKey), {
        patienceMs,
        signal: options.signal,
        onWait: (error, waitMs) => {
          output.progress(`waiting ${Math.ceil(waitMs / 1_000)} s, ${error.message}`)
        },
      })
      if (!client.state.current.registered) await registerAccount(client)
      await withRetry(async () => await refreshKeys(client), { patienceMs, signal: options.signal })
      if (client.state.current.outbox.length > 0) await postWaiting(context, client)
      if (sendsChat) {
        await sendWaiting(context, client)
        await settleWaiting(context, client)
      }
      await tellLooks(context, client)
      if (client.state.current.pendingRekeys.length > 0) await rekeyWaiting(context, client)
      if (admits && client.state.current.preApprovedUntilMs > systemClock.nowMs()) await admitWaiting(context, client)
      return client
    },
    passphrase: async (question) => await readPassphrase(config, question, options.signal),
    close: async () => {
      await Promise.all([close(), thread.close()])
    },
  }
  return context
}

/** An inbox that is full, or a server that is gone, keeps nobody from doing something else. */
async function postWaiting(context: CommandContext, client: Client): Promise<void> {
  try {
    await flushOutbox(client)
  } catch (error) {
    if (!isArchiveError(error) || context.signal.aborted) throw error
    context.output.note(`an invitation still waits to be sent: ${error.message}`)
  }
}

/** What was written while the server was away, whichever meeting it is of. What keeps it keeps nobody from doing something else. */
async function sendWaiting({ output }: CommandContext, client: Client): Promise<void> {
  for (const { meetingId, stored, trouble } of await flushChats(client)) {
    const chat = `the chat of ${formatId("meeting", meetingId)}`
    if (stored > 0)
      output.note(`${stored === 1 ? "a message that waited is" : `${stored} messages that waited are`} in ${chat} now`)
    if (trouble !== null) output.note(`what was written in ${chat} still waits to be sent: ${trouble.message}`)
  }
}

/** So that the account's other devices show it as new no more. What can't be told now waits for another command. */
async function tellLooks({ output }: CommandContext, client: Client): Promise<void> {
  try {
    await shareLooks(client)
  } catch (error) {
    if (!isArchiveError(error)) throw error
    output.note(`your other devices still show as new what you read here: ${error.message}`)
  }
}

/** Files of messages whose deletion is stored since. */
async function settleWaiting({ output }: CommandContext, client: Client): Promise<void> {
  for (const { meetingId, deleted, trouble } of await settleAllFiles(client)) {
    const chat = `the chat of ${formatId("meeting", meetingId)}`
    if (deleted > 0)
      output.note(
        `${deleted === 1 ? "a file" : `${deleted} files`} of ${chat}, which waited for that, ${deleted === 1 ? "is" : "are"} deleted now`,
      )
    if (trouble !== null) output.note(`files of ${chat} still wait to be deleted: ${trouble.message}`)
  }
}

/** Meetings whose secret a revoked device still holds. */
async function rekeyWaiting(context: CommandContext, client: Client): Promise<void> {
  const { failed } = await rekeyPending(client)
  for (const { meetingId, error } of failed)
    context.output.note(
      `a revoked device still has the secret of ${formatId("meeting", meetingId)}, which could not be changed yet: ${error.message}`,
    )
}

/** Who came by a link of this account that is approved beforehand. What can't be looked at now keeps nobody from something else. */
async function admitWaiting(context: CommandContext, client: Client): Promise<void> {
  const { output, signal } = context
  try {
    const { admitted, failed } = await admitPreApproved(client)
    for (const { accountId, meetingId } of admitted)
      output.note(
        `${formatId("account", accountId)} came by a pre-approved link, and is in ${formatId("meeting", meetingId)} now`,
      )
    for (const { accountId, error } of failed)
      output.note(`${formatId("account", accountId)} came by a pre-approved link, and is not in yet: ${error.message}`)
  } catch (error) {
    if (!isArchiveError(error) || signal.aborted) throw error
    output.note(`whether somebody came by a pre-approved link could not be seen: ${error.message}`)
  }
}

/** The address that `init` speaks to. */
export function initialUrl(url: string | undefined, config: CliConfig): string {
  return url ?? config.url ?? DEFAULT_URL
}

async function passphraseFor(context: CommandContext): Promise<string | null> {
  const raw = await readIfThere(context.keystorePath)
  if (raw === null || !keystoreNeedsPassphrase(raw)) return null
  const passphrase = await context.passphrase("Passphrase of this account: ")
  if (passphrase === null)
    throw new ArchiveError(
      "usage",
      "this account needs its passphrase: set TACITURN_PASSPHRASE_FILE, or run in a terminal",
    )
  return passphrase
}

/** From the file that the environment names, else from a terminal, else `null`. */
async function readPassphrase(config: CliConfig, question: string, signal: AbortSignal): Promise<string | null> {
  if (config.passphraseFile !== null) {
    const text = await readFile(config.passphraseFile, "utf8").catch((cause: unknown) => {
      throw new ArchiveError("usage", `the passphrase file ${config.passphraseFile ?? ""} can't be read`, { cause })
    })
    const passphrase = text.replace(/\r?\n$/, "")
    if (passphrase === "") throw new ArchiveError("usage", "the passphrase file is empty")
    return passphrase
  }
  if (!process.stdin.isTTY || !process.stderr.isTTY) return null
  const silent = new Writable({
    write: (_chunk, _encoding, done) => {
      done()
    },
  })
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true })
  process.stderr.write(question)
  try {
    return await new Promise<string>((resolve, reject) => {
      const interrupted = (): void => {
        reject(new ArchiveError("interrupted", "interrupted: nothing was changed"))
      }
      lines.once("line", resolve)
      // Ctrl-C comes as a key here, or as a signal while the terminal is not yet ours; Ctrl-D is no passphrase either.
      lines.once("SIGINT", interrupted)
      lines.once("close", interrupted)
      signal.addEventListener("abort", interrupted)
      if (signal.aborted) interrupted()
    })
  } finally {
    lines.close()
    process.stderr.write("\n")
  }
}
