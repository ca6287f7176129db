import type { Command } from "commander"
import { dateOfDay } from "../../shared/protocol/ambient.js"
import { toHex } from "../../shared/protocol/bytes.js"
import { ArchiveError } from "../../shared/protocol/errors.js"
import { CASE_KINDS } from "../../shared/protocol/http.js"
import { formatId } from "../../shared/protocol/ids.js"
import { secureRandom } from "../../shared/server/ambient.js"
import {
  type Case,
  changeScope,
  closeCase,
  holdCase,
  listCases,
  type NoticeRule,
  openCase,
  OUTCOMES,
  readCase,
  readScope,
  releaseCase,
  setNotice,
  timeOfCatalog,
} from "../../shared/server/catalog/cases.js"
import { readCustody } from "../../shared/server/catalog/custody.js"
import { type ScopeItem, unreleasedHolds } from "../../shared/server/catalog/holds.js"
import { withAdapters } from "./adapters.js"
import { formatItem, readChoice, readCountry, readDay, readId, readItem, readLine, readTime } from "./arguments.js"
import { type ActorOptions, actorOf } from "./case-actor.js"
import { ASKS, type Survey, surveyCase } from "./case-survey.js"
import { warningsOf } from "./case-warnings.js"
import { addHandOverCommands } from "./hand-over-commands.js"
import { print } from "./terminal.js"

/** `taciturn-admin case …`: requests of authorities, from the letter to the end. docs/legal.md goes through one. */

interface NoticeOptions {
  readonly delayUntil?: string
  readonly reason?: string
}
interface OpenOptions extends ActorOptions, NoticeOptions {
  readonly kind: string
  readonly authority: string
  readonly country: string
  readonly reference: string
  readonly due?: string
}
interface ScopeOptions extends ActorOptions {
  readonly account?: readonly string[]
  readonly meeting?: readonly string[]
  readonly asset?: readonly string[]
  readonly remove?: readonly string[]
  readonly from?: string
  readonly to?: string
  readonly ask?: readonly string[]
  readonly dryRun?: boolean
}

export function addCaseCommands(program: Command): void {
  const cases = program
    .command("case")
    .description("requests of authorities: preserve, produce, and tell those concerned")
  cases.addHelpText(
    "after",
    "\nExample:\n  taciturn-admin case open --kind preserve --authority 'District Court' --country DE --reference '12 Gs 345/26'\n  taciturn-admin case scope case_… --meeting mtg_…\n  taciturn-admin case hold case_… --until 2027-03-01",
  )
  const command = (name: string, description: string, example: string): Command =>
    cases.command(name).description(description).addHelpText("after", `\nExample:\n  taciturn-admin case ${example}`)
  const acting = (acts: Command): Command =>
    acts.option("--by <name>", "who acts, for the custody record (the terminal's user, unless given)")

  acting(
    command(
      "open",
      "begin a case",
      "open --kind produce --authority 'District Court' --country DE --reference '12 Gs 345/26' --due 2027-01-31 --delay-until 2027-03-01 --reason 'order 12 Gs 345/26, no. 4'",
    ),
  )
    .requiredOption("--kind <kind>", CASE_KINDS.join(", "))
    .requiredOption("--authority <name>", "who asks")
    .requiredOption("--country <code>", "the authority's country, two letters")
    .requiredOption("--reference <text>", "the authority's file number")
    .option("--due <when>", "by when to answer: 2027-01-31, or 2027-01-31T16:30Z")
    .option("--delay-until <day>", "those concerned are told from that day on (from today on, unless given)")
    .option("--reason <text>", "why they are not told at once")
    .action(async (options: OpenOptions) => {
      const opened = {
        kind: readChoice(CASE_KINDS, "the kind of a case", options.kind),
        authority: readLine("the authority", options.authority),
        country: readCountry(options.country),
        reference: readLine("the reference", options.reference),
        dueAt: options.due === undefined ? null : readTime(options.due),
        notice: readNotice(options),
      }
      const actor = actorOf(options)
      const { caseId, entry } = await withAdapters(
        async ({ catalog }) => await openCase(catalog, secureRandom, actor, opened),
      )
      const name = formatId("case", caseId)
      print({ case: name, custodySha256: toHex(entry.hash) }, [
        `${name} is open. Next: taciturn-admin case scope ${name} --meeting mtg_…`,
      ])
    })

  command("list", "open cases, with what is due", "list --all")
    .option("--all", "closed ones too")
    .action(async (options: { readonly all?: boolean }) => {
      const shown = await withAdapters(async ({ catalog }) => {
        const found = await listCases(catalog, options.all === true ? "all" : "open")
        const now = await timeOfCatalog(catalog)
        return await Promise.all(
          found.map(async (one) => ({
            one,
            warnings: warningsOf(one, await unreleasedHolds(catalog, one.caseId), now),
          })),
        )
      })
      print(
        { cases: shown.map(({ one, warnings }) => ({ ...documentOf(one), warnings })) },
        shown.length === 0
          ? ["no open case"]
          : shown.flatMap(({ one, warnings }) => [
              `${formatId("case", one.caseId)}  ${one.kind}  ${one.authority} (${one.country}), ${one.reference}${one.outcome === null ? "" : `  closed: ${one.outcome}`}`,
              ...warnings.map((warning) => `  ! ${warning}`),
            ]),
      )
    })

  command("show <case>", "a case with its scope, holds, warnings and custody record", "show case_…").action(
    async (text: string) => {
      const caseId = readId("case", text)
      const { now, found, scope, holds, custody } = await withAdapters(async ({ catalog }) => ({
        now: await timeOfCatalog(catalog),
        found: await readCase(catalog, caseId),
        scope: await readScope(catalog, caseId),
        holds: await unreleasedHolds(catalog, caseId),
        custody: await readCustody(catalog, caseId),
      }))
      const warnings = warningsOf(found, holds, now)
      print(
        {
          ...documentOf(found),
          scope: scope.map(formatItem),
          holds: holds.map((hold) => ({ item: formatItem(hold), untilDay: hold.untilDay, inForce: hold.inForce })),
          warnings,
          custody: custody.map(({ entry, hash }) => ({ entry: JSON.parse(entry) as unknown, sha256: toHex(hash) })),
        },
        [
          ...linesOf(found),
          ...warnings.map((warning) => `! ${warning}`),
          scope.length === 0 ? "scope: nothing yet" : "scope:",
          ...scope.map((item) => `  ${formatItem(item)}${holdText(item, holds)}`),
          "custody:",
          ...custody.map(({ entry, hash }) => `  ${custodyLine(entry)}  ${toHex(hash).slice(0, 16)}…`),
        ],
      )
    },
  )

  acting(
    command(
      "scope <case>",
      "what the case is about; without a change, what would be produced",
      "scope case_… --meeting mtg_… --from 2026-11-01 --to 2026-11-30 --ask members --dry-run",
    ),
  )
    .option("--account <id...>", "accounts to add")
    .option("--meeting <id...>", "meetings to add, with all that they store")
    .option("--asset <id...>", "single assets to add, without their meetings' logs")
    .option("--remove <id...>", "accounts, meetings or assets to take out")
    .option("--from <day>", "only what was uploaded on that day or later (`any` for no bound)")
    .option("--to <day>", "only what was uploaded on that day or earlier (`any` for no bound)")
    .option("--ask <what...>", `what is asked for and not held anywhere: ${ASKS.join(", ")}`)
    .option("--dry-run", "change nothing: show what would be produced then")
    .action(async (text: string, options: ScopeOptions) => {
      const caseId = readId("case", text)
      const change = readScopeChange(options)
      const survey = await withAdapters(async ({ catalog }) => {
        const before = await readCase(catalog, caseId)
        if (!changesNothing(change) && options.dryRun !== true)
          await changeScope(catalog, caseId, actorOf(options), change, formatItem)
        const scope = await readScope(catalog, caseId)
        const found = options.dryRun === true ? withChange(before, change) : await readCase(catalog, caseId)
        return await surveyCase(catalog, found, options.dryRun === true ? changedScope(scope, change) : scope)
      })
      print(surveyDocument(caseId, survey), surveyLines(survey))
    })

  acting(
    command(
      "hold <case>",
      "stop all deletion in the case's scope, until the end of a day; again to extend",
      "hold case_… --until 2027-03-01",
    ),
  )
    .requiredOption("--until <day>", "the last day of the hold")
    .action(async (text: string, options: ActorOptions & { readonly until: string }) => {
      const caseId = readId("case", text)
      const untilDay = readDay(options.until)
      const placed = await withAdapters(
        async ({ catalog }) => await holdCase(catalog, caseId, actorOf(options), untilDay, formatItem),
      )
      const going = placed.alreadyBeingRemoved.map((id) => formatId("asset", id))
      print({ case: text, items: placed.items, untilDay, alreadyBeingRemoved: going }, [
        `held until the end of ${dateOfDay(untilDay)}: ${placed.items} of the scope`,
        ...going.map((asset) => `not held, as its removal had begun: ${asset}`),
      ])
    })

  addHandOverCommands(command, acting)

  acting(
    command("release <case>", "end the case's holds: what was deleted meanwhile is removed", "release case_…"),
  ).action(async (text: string, options: ActorOptions) => {
    const caseId = readId("case", text)
    const released = await withAdapters(async ({ catalog }) => await releaseCase(catalog, caseId, actorOf(options)))
    print({ case: text, released }, [`${released} holds were released`])
  })

  acting(
    command(
      "notice <case>",
      "when those concerned may be told: now, or delayed further",
      "notice case_… --delay-until 2027-06-01 --reason 'order of 2027-02-20 extends no. 4'",
    ),
  )
    .alias("notify")
    .option("--now", "from today on")
    .option("--delay-until <day>", "not before that day")
    .option("--reason <text>", "why not")
    .action(async (text: string, options: ActorOptions & NoticeOptions & { readonly now?: boolean }) => {
      const caseId = readId("case", text)
      const rule = readNotice(options)
      if ((rule === null) !== (options.now === true))
        throw new ArchiveError("usage", "give either --now, or --delay-until with its --reason")
      await withAdapters(async ({ catalog }) => {
        await setNotice(catalog, caseId, actorOf(options), rule)
      })
      print({ case: text, noticeDay: rule?.day ?? null }, [
        rule === null ? "those concerned may be told from today on" : `delayed until ${dateOfDay(rule.day)}`,
      ])
    })

  acting(command("close <case>", "end a case that holds nothing any more", "close case_… --outcome produced"))
    .requiredOption("--outcome <outcome>", OUTCOMES.join(", "))
    .action(async (text: string, options: ActorOptions & { readonly outcome: string }) => {
      const caseId = readId("case", text)
      const outcome = readChoice(OUTCOMES, "an outcome", options.outcome)
      await withAdapters(async ({ catalog }) => {
        await closeCase(catalog, caseId, actorOf(options), outcome)
      })
      print({ case: text, outcome }, ["closed"])
    })
}

function readNotice({ delayUntil, reason }: NoticeOptions): NoticeRule | null {
  if (delayUntil === undefined) {
    if (reason !== undefined) throw new ArchiveError("usage", "--reason goes with --delay-until")
    return null
  }
  if (reason === undefined)
    throw new ArchiveError("usage", "a notice is delayed for a reason: give --reason with the order's words")
  return { day: readDay(delayUntil), reason: readLine("the reason", reason) }
}

type ParsedChange = Parameters<typeof changeScope>[3]

function readScopeChange(options: ScopeOptions): ParsedChange {
  const items = (kind: ScopeItem["kind"], ids: readonly string[] | undefined): readonly ScopeItem[] =>
    (ids ?? []).map((id) => ({ kind, id: readId(kind, id) }))
  const bound = (text: string): number | null => (text === "any" ? null : readDay(text))
  return {
    add: [...items("account", options.account), ...items("meeting", options.meeting), ...items("asset", options.asset)],
    remove: (options.remove ?? []).map(readItem),
    ...(options.from === undefined ? {} : { fromDay: bound(options.from) }),
    ...(options.to === undefined ? {} : { toDay: bound(options.to) }),
    ...(options.ask === undefined
      ? {}
      : { asks: options.ask.map((what) => readChoice(ASKS, "what is asked for", what)) }),
  }
}

function changesNothing(change: ParsedChange): boolean {
  return (
    change.add.length + change.remove.length === 0 && !("fromDay" in change || "toDay" in change || "asks" in change)
  )
}

function withChange(found: Case, change: ParsedChange): Case {
  return {
    ...found,
    fromDay: change.fromDay === undefined ? found.fromDay : change.fromDay,
    toDay: change.toDay === undefined ? found.toDay : change.toDay,
    asks: [...new Set([...found.asks, ...(change.asks ?? [])])],
  }
}

function changedScope(scope: readonly ScopeItem[], { add, remove }: ParsedChange): readonly ScopeItem[] {
  const removed = new Set(remove.map(formatItem))
  const items = new Map([...scope, ...add].map((item) => [formatItem(item), item]))
  return [...items].filter(([name]) => !removed.has(name)).map(([, item]) => item)
}

function documentOf(one: Case): Record<string, unknown> {
  return {
    case: formatId("case", one.caseId),
    kind: one.kind,
    authority: one.authority,
    country: one.country,
    reference: one.reference,
    dueAt: one.dueAt?.toISOString() ?? null,
    fromDay: one.fromDay,
    toDay: one.toDay,
    asks: one.asks,
    noticeDay: one.notice.day,
    noticeReason: one.notice.reason,
    openedDay: one.openedDay,
    closedDay: one.closedDay,
    outcome: one.outcome,
  }
}

function linesOf(one: Case): readonly string[] {
  const range =
    one.fromDay === null && one.toDay === null
      ? "all"
      : `${one.fromDay === null ? "…" : dateOfDay(one.fromDay)} to ${one.toDay === null ? "…" : dateOfDay(one.toDay)}`
  return [
    `${formatId("case", one.caseId)}: ${one.kind}, opened ${dateOfDay(one.openedDay)}${one.closedDay === null ? "" : `, closed ${dateOfDay(one.closedDay)}: ${one.outcome ?? ""}`}`,
    `asked by ${one.authority} (${one.country}), ${one.reference}`,
    `due: ${one.dueAt?.toISOString() ?? "no day was set"}`,
    `days of upload: ${range}`,
    `those concerned may be told from ${dateOfDay(one.notice.day)} on${one.notice.reason === null ? "" : `: ${one.notice.reason}`}`,
  ]
}

function holdText(item: ScopeItem, holds: Awaited<ReturnType<typeof unreleasedHolds>>): string {
  const hold = holds.find((candidate) => formatItem(candidate) === formatItem(item))
  if (hold === undefined) return "  no hold"
  return hold.inForce
    ? `  held until the end of ${dateOfDay(hold.untilDay)}`
    : `  its hold ended after ${dateOfDay(hold.untilDay)}`
}

function custodyLine(entry: string): string {
  const { seq, time, actor, action } = JSON.parse(entry) as { seq: number; time: string; actor: string; action: string }
  return `${String(seq).padStart(3)}  ${time}  ${actor}  ${action}`
}

function surveyDocument(caseId: Case["caseId"], survey: Survey): Record<string, unknown> {
  return {
    case: formatId("case", caseId),
    items: survey.items.map(({ name, held, rows, assets, bytes, outsideDays, reason }) => ({
      item: name,
      held,
      rows,
      assets,
      bytes,
      outsideDays,
      reason,
    })),
    rows: survey.rows,
    assets: survey.assets,
    bytes: survey.bytes,
    notHeld: survey.notHeld,
  }
}

function surveyLines(survey: Survey): readonly string[] {
  if (survey.items.length + survey.notHeld.length === 0)
    return ["the scope is empty: add --meeting, --account or --asset"]
  return [
    ...survey.items.map(({ name, held, rows, assets, bytes, outsideDays }) =>
      held
        ? `held      ${name}  ${rows} rows, ${assets} assets, ${bytes} bytes${outsideDays === 0 ? "" : `; ${outsideDays} assets outside the days are named and not given`}`
        : `not held  ${name}`,
    ),
    `in all     ${survey.rows} rows, ${survey.assets} assets, ${survey.bytes} bytes`,
    ...survey.notHeld.map(({ asked, reason }) => `not held   ${asked}: ${reason}`),
  ]
}
