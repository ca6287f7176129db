import { readFile } from "node:fs/promises"
import type { Command } from "commander"
import { cardLink, formatCard } from "../../../shared/protocol/card.js"
import { ArchiveError } from "../../../shared/protocol/errors.js"
import { formatId, idOfHash } from "../../../shared/protocol/ids.js"
import { safetyWords } from "../../crypto/account-keys.js"
import { whoAmI } from "../../sdk/account.js"
import type { Client } from "../../sdk/client.js"
import {
  addContact,
  findContact,
  type ListedContact,
  listContacts,
  ownCard,
  readHandle,
  removeContact,
  renameContact,
  setHandle,
  verifyContact,
} from "../../sdk/contacts.js"
import type { Contact } from "../../sdk/state.js"
import type { CommandContext } from "../context.js"
import { EXIT } from "../exit-codes.js"
import type { Action } from "../main.js"
import { ask } from "../phrase.js"
import { qrLines } from "../qr.js"
import { addBlockCommands } from "./blocks.js"

type Run = (action: Action) => Promise<void>

const STATES: Record<Contact["state"], string> = {
  card: "card",
  id: "account id",
  verified: "verified",
  handle: "handle only: nothing is sealed to them",
}

/** The people whom this account knows. */
export function addContactCommands(program: Command, run: Run): void {
  const contact = program.command("contact").description("people: how you know them, and under which name")
  contact
    .command("card")
    .description("your own card, as text, link and QR: whoever has it can be shown no other account in your place")
    .addHelpText("after", "\nExample:\n  taciturn contact card")
    .action(async () => {
      await run(async (context) => {
        const client = await context.openOffline()
        const [card, link] = [formatCard(ownCard(client)), cardLink(client.http.baseUrl, ownCard(client))]
        const qr = process.stdout.isTTY ? qrLines(link) : []
        context.output.result({ card, link, safetyWords: whoAmI(client).safetyWords }, [...qr, card, link])
        return undefined
      })
    })
  contact
    .command("add <who>")
    .description("add somebody by card, link, account id, or @handle")
    .option("--name <name>", "what you call them; only this account can read it")
    .addHelpText("after", '\nExample:\n  taciturn contact add card_… --name "Bob"')
    .action(async (who: string, flags: { readonly name?: string }) => {
      await run(async (context) => {
        const added = await addContact(await context.openClient(), who, flags.name)
        context.output.result(describe(added), [`${accountOf(added)}  ${added.name}  ${STATES[added.state]}`])
        return undefined
      })
    })
  contact
    .command("verify <who>")
    .description("compare safety words: read them to each other, over a way that no server can change")
    .option("--words-file <file>", "the words that they gave you, in place of the question")
    .addHelpText("after", "\nExample:\n  taciturn contact verify Bob")
    .action(async (who: string, flags: { readonly wordsFile?: string }) => {
      await run(async (context) => {
        await verify(context, who, flags.wordsFile)
        return undefined
      })
    })
  addNamingCommands(contact, run)
  addBlockCommands(contact, run)
  contact
    .command("list")
    .description("everybody whom you added, how you know them, and whether the server shows them as they were")
    .addHelpText("after", "\nExample:\n  taciturn contact list")
    .action(async () => {
      await run(list)
    })
}

function addNamingCommands(contact: Command, run: Run): void {
  contact
    .command("rename <who> <name>")
    .description("call somebody otherwise")
    .addHelpText("after", '\nExample:\n  taciturn contact rename Bob "Bob the builder"')
    .action(async (who: string, name: string) => {
      await run(async (context) => {
        const client = await context.openClient()
        const renamed = await renameContact(client, await findContact(client, who), name)
        context.output.result(describe(renamed), [`${accountOf(renamed)}  ${renamed.name}`])
        return undefined
      })
    })
  contact
    .command("remove <who>")
    .description("forget somebody's name and how you knew them; they stay in the meetings that they are in")
    .addHelpText("after", "\nExample:\n  taciturn contact remove Bob")
    .action(async (who: string) => {
      await run(async (context) => {
        const client = await context.openClient()
        const found = await findContact(client, who)
        await removeContact(client, found)
        context.output.result({ account: accountOf(found) }, [`${accountOf(found)} is no contact any more.`])
        return undefined
      })
    })
  contact
    .command("handle [handle]")
    .description("a name by which others find you on this server: a hint, which vouches for nothing")
    .option("--remove", "give it up")
    .addHelpText("after", "\nExample:\n  taciturn contact handle bob.b")
    .action(async (wanted: string | undefined, flags: { readonly remove?: boolean }) => {
      await run(async (context) => {
        const client = await context.openClient()
        if (wanted !== undefined && flags.remove === true)
          throw new ArchiveError("usage", "either a handle or --remove")
        if (wanted !== undefined || flags.remove === true) await setHandle(client, wanted?.replace(/^@/, "") ?? null)
        const handle = await readHandle(client)
        context.output.result({ handle }, [handle === null ? "You have no handle." : `You are @${handle} here.`])
        return undefined
      })
    })
}

async function verify(context: CommandContext, who: string, wordsFile: string | undefined): Promise<void> {
  const client = await context.openClient()
  const contact = await findContact(client, who)
  const verified = await verifyContact(client, contact.genesisHash, await wordsOf(context, client, contact, wordsFile))
  context.output.result(describe(verified), [`${verified.name} is verified: ${accountOf(verified)}`])
}

/** The words from a file; `null` where the person at the terminal has compared them. */
async function wordsOf(
  context: CommandContext,
  client: Client,
  contact: Contact,
  file: string | undefined,
): Promise<string | null> {
  if (file !== undefined)
    return await readFile(file, "utf8").catch((cause: unknown) => {
      throw new ArchiveError("usage", `the file ${file} can't be read`, { cause })
    })
  if (!process.stdin.isTTY)
    throw new ArchiveError(
      "usage",
      "there is no terminal to compare words at: give what they told you with --words-file",
    )
  context.output.note(`Yours, for ${contact.name} to see:`)
  context.output.note(`  ${whoAmI(client).safetyWords}`)
  context.output.note(`${contact.name}'s, which ${contact.name} must read to you, not you to them:`)
  context.output.note(`  ${safetyWords(contact.genesisHash)}`)
  const answer = await ask("Are all 24 words the same on both sides? [y/N] ", context.signal)
  if (/^y(es)?$/i.test(answer.trim())) return null
  throw new ArchiveError(
    "not-authorised",
    "not verified: if the words differ, somebody stands between you. Ask for their card, and seal nothing to that account",
  )
}

async function list(context: CommandContext): Promise<number> {
  const contacts = await listContacts(await context.openClient())
  context.output.result({ contacts: contacts.map(describeListed) }, [
    ...contacts.map(
      (contact) =>
        `${accountOf(contact)}  ${contact.name}${contact.handle === null ? "" : ` @${contact.handle}`}  ${stateText(contact)}`,
    ),
    ...(contacts.length === 0
      ? ["Nobody yet. Ask for a card (`taciturn contact card` on their side), then `taciturn contact add`."]
      : []),
  ])
  return contacts.some(({ problem }) => problem !== null) ? EXIT.integrity : EXIT.done
}

function stateText({ state, problem, hasNewLinks, devices }: ListedContact): string {
  if (problem !== null) return `CHANGED: ${problem.message}. Seal nothing to them before you have spoken`
  const count = `${devices ?? 0} device${devices === 1 ? "" : "s"}`
  return `${STATES[state]}, ${count}${hasNewLinks ? ", devices or keys changed since" : ""}`
}

function describe({ name, state, handle, genesisHash }: Contact): {
  readonly account: string
  readonly name: string
  readonly state: string
  readonly handle: string | null
} {
  return { account: formatId("account", idOfHash("account", genesisHash)), name, state, handle }
}

function describeListed(contact: ListedContact): Readonly<Record<string, unknown>> {
  const { problem, devices, hasNewLinks } = contact
  return {
    ...describe(contact),
    ...(problem === null ? {} : { state: "changed", problem: { code: problem.code, message: problem.message } }),
    safetyWords: contact.safetyWords,
    devices,
    hasNewLinks,
  }
}

function accountOf({ genesisHash }: Contact): string {
  return formatId("account", idOfHash("account", genesisHash))
}
