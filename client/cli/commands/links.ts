import type { Command } from "commander"
import { dateIn, isoTimeOf } from "../../../shared/protocol/ambient.js"
import { formatId, idOfHash } from "../../../shared/protocol/ids.js"
import { LIMITS } from "../../../shared/protocol/limits.js"
import { safetyWords } from "../../crypto/account-keys.js"
import { createInviteLink, listInviteLinks, revokeInviteLink } from "../../sdk/invite-links.js"
import { approveOffer, listOffers, refuseOffer, type WaitingOffer } from "../../sdk/offers.js"
import { readCount, readId } from "../arguments.js"
import { type CommandContext, systemClock } from "../context.js"
import type { Action } from "../main.js"

type Run = (action: Action) => Promise<void>

const DAY_MS = 24 * 60 * 60 * 1_000

/** Invite links, and who came by them. */
export function addLinkCommands(meeting: Command, run: Run): void {
  const link = meeting.command("link").description("links by which people without an account ask to be admitted")
  link
    .command("create <meeting>")
    .description("make an invite link, as an admin; who gets it makes an account and asks to be admitted")
    .option("--days <days>", `how long it holds, up to ${LIMITS.inviteLinkDays}`, "7")
    .option("--uses <count>", `how many people it is for, up to ${LIMITS.inviteLinkUses}`, "1")
    .option("--pre-approved", "admit without asking: WHOEVER HAS THE LINK GETS IN, also who stole it")
    .option("--show-title", "let who opens it read the meeting's title")
    .addHelpText(
      "after",
      "\nExample:\n  taciturn meeting link create mtg_… --days 2\n\nA link holds no key of the meeting. Who steals one can ask to be admitted in its place; of a pre-approved one,\nit is admitted. Send it by a way that you trust, and revoke it when it went astray.",
    )
    .action(async (id: string, flags: CreateFlags) => {
      await run(async (context) => {
        await create(context, id, flags)
        return undefined
      })
    })
  link
    .command("list")
    .description("the links that this account made")
    .addHelpText("after", "\nExample:\n  taciturn meeting link list")
    .action(async () => {
      await run(async (context) => {
        await list(context)
        return undefined
      })
    })
  link
    .command("revoke <link>")
    .description("end a link: nobody is admitted by it any more")
    .addHelpText("after", "\nExample:\n  taciturn meeting link revoke link_…")
    .action(async (id: string) => {
      await run(async (context) => {
        const linkId = readId("link", id)
        await revokeInviteLink(await context.openClient({ admits: false }), linkId)
        context.output.result({ link: id, isRevoked: true }, [`${id} is revoked: who comes by it now asks in vain.`])
        return undefined
      })
    })
  addOfferCommands(meeting, run)
}

function addOfferCommands(meeting: Command, run: Run): void {
  meeting
    .command("offers")
    .description("who came by a link of this account, and waits to be admitted")
    .addHelpText("after", "\nExample:\n  taciturn meeting offers")
    .action(async () => {
      await run(async (context) => {
        const offers = (await listOffers(await context.openClient())).map(describeOffer)
        context.output.result({ offers }, [
          ...offers.flatMap((offer) => [
            `${offer.account}  calls itself ${JSON.stringify(offer.name)}, not verified; for ${offer.meeting}, by ${offer.link}`,
            `  ${offer.safetyWords}`,
            ...("problem" in offer ? [`  can't be approved: ${offer.problem}`] : []),
          ]),
          ...(offers.length === 0 ? ["Nobody waits."] : []),
        ])
        return undefined
      })
    })
  meeting
    .command("approve <meeting> <account>")
    .description("admit somebody who came by a link, as an admin: a new epoch, and an invitation to its inbox")
    .addHelpText("after", "\nExample:\n  taciturn meeting approve mtg_… acct_…")
    .action(async (id: string, account: string) => {
      await run(async (context) => {
        const [meetingId, accountId] = [readId("meeting", id), readId("account", account)]
        const epoch = await approveOffer(await context.openClient(), meetingId, accountId)
        context.output.result({ meeting: id, account, epoch }, [
          epoch === null
            ? `${account} was a member already.`
            : `${account} is a member from epoch ${epoch} on; its invitation waits in its inbox.`,
        ])
        return undefined
      })
    })
  meeting
    .command("refuse <meeting> <account>")
    .description("don't admit somebody who came by a link, nor ask again; nobody is told")
    .addHelpText("after", "\nExample:\n  taciturn meeting refuse mtg_… acct_…")
    .action(async (id: string, account: string) => {
      await run(async (context) => {
        const [meetingId, accountId] = [readId("meeting", id), readId("account", account)]
        await refuseOffer(await context.openClient({ admits: false }), meetingId, accountId)
        context.output.result({ meeting: id, account }, [
          `${account} is not admitted, and not shown again by that link.`,
        ])
        return undefined
      })
    })
}

interface CreateFlags {
  readonly days: string
  readonly uses: string
  readonly preApproved?: boolean
  readonly showTitle?: boolean
}

async function create(context: CommandContext, id: string, flags: CreateFlags): Promise<void> {
  const meetingId = readId("meeting", id)
  const [days, uses] = [readCount(flags.days, "--days"), readCount(flags.uses, "--uses")]
  const expiresAtMs = systemClock.nowMs() + days * DAY_MS
  const isPreApproved = flags.preApproved === true
  const made = await createInviteLink(await context.openClient(), meetingId, {
    expiresAtMs,
    uses,
    isPreApproved,
    showsTitle: flags.showTitle === true,
  })
  const [link, expires] = [formatId("link", made.linkId), isoTimeOf(expiresAtMs)]
  context.output.result({ link, url: made.url, meeting: id, expires, uses, isPreApproved }, [
    made.url,
    `for ${uses === 1 ? "one person" : `${uses} people`}, until ${dateIn(expires)}; revoke it with \`taciturn meeting link revoke ${link}\``,
    isPreApproved
      ? "Whoever has it is admitted without asking, when this device is next online."
      : "See who came with `taciturn meeting offers`.",
  ])
}

async function list(context: CommandContext): Promise<void> {
  const nowMs = systemClock.nowMs()
  const links = (await listInviteLinks(await context.openClient())).map((own) => ({
    link: formatId("link", idOfHash("link", own.linkId)),
    meeting: formatId("meeting", idOfHash("meeting", own.meetingHash)),
    expires: isoTimeOf(own.expiresAtMs),
    uses: own.uses,
    admitted: own.admitted.map((hash) => formatId("account", idOfHash("account", hash))),
    isPreApproved: own.isPreApproved,
    isRevoked: own.isRevoked,
    isExpired: own.expiresAtMs <= nowMs,
  }))
  context.output.result({ links }, [
    ...links.map(
      (own) =>
        `${own.link}  for ${own.meeting}, ${own.admitted.length} of ${own.uses} admitted, ${
          own.isRevoked ? "revoked" : own.isExpired ? "expired" : `until ${dateIn(own.expires)}`
        }${own.isPreApproved ? ", pre-approved" : ""}`,
    ),
    ...(links.length === 0 ? ["No links. Make one with `taciturn meeting link create MEETING`."] : []),
  ])
}

function describeOffer({ offer, link, problem }: WaitingOffer): {
  readonly account: string
  readonly name: string
  readonly meeting: string
  readonly link: string
  readonly safetyWords: string
  readonly problem?: string
} {
  return {
    account: formatId("account", idOfHash("account", offer.newcomerGenesisHash)),
    name: offer.name,
    meeting: formatId("meeting", idOfHash("meeting", link.meetingHash)),
    link: formatId("link", idOfHash("link", link.linkId)),
    safetyWords: safetyWords(offer.newcomerGenesisHash),
    ...(problem === null ? {} : { problem: problem.message }),
  }
}
