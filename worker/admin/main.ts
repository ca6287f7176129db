import { Command, CommanderError } from "commander"
import { formatId } from "../../shared/protocol/ids.js"
import { readReport } from "../../shared/server/catalog/report.js"
import { readServerConfig } from "../../shared/server/config.js"
import { signaturesReady } from "../../shared/server/signatures.js"
import { programVersion } from "../../shared/server/version.js"
import { withAdapters } from "./adapters.js"
import { readId, readInstanceKey, readItem } from "./arguments.js"
import { addLedgerCommands } from "./ledger-commands.js"
import { addCaseCommands } from "./case-commands.js"
import { EXIT, exitCodeOf } from "./exit-codes.js"
import { certifyErasure } from "./erasure.js"
import { countHoldings } from "./holdings.js"
import { produceMeeting } from "./produce.js"
import { print, printsJson, report, reportFailure, showProgress } from "./terminal.js"
import { printProduced } from "./produced-text.js"
import { linesOfCertificate } from "./verified-lines.js"
import { readVerifiers } from "./verifier-files.js"

/** taciturn-admin: the operator's command, on the operator's own terminal. It has no network door. */

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  // Every write is whole or not there at all: it ends where it stands, as it would without a word.
  process.once(signal, () => {
    report("interrupted", "interrupted: call again to go on", true)
    process.exit(EXIT.interrupted)
  })
}

const program = new Command("taciturn-admin")
  .description(
    "What an operator does with a Taciturn instance. Runs beside the service or while it is stopped, on the same TACITURN_DATA or DATABASE_URL and S3_* settings.",
  )
  .version(programVersion(), "--version", "print the version")
  .option("--json", "print one JSON document, and nothing else, on stdout")
  .showHelpAfterError("Run with --help to see how it is used.")
  .addHelpText(
    "after",
    "\nExample:\n  taciturn-admin holdings\n  taciturn-admin produce --meeting mtg_… -o production\n  taciturn-admin verify production\n\nExit codes: 0 done, 1 failed, 2 usage, 3 verification refused, 4 try later, 130 interrupted.",
  )

program
  .command("holdings")
  .description("everything that this server holds, counted by class")
  .addHelpText("after", "\nExample:\n  taciturn-admin holdings --json")
  .action(async () => {
    const holdings = await withAdapters(
      async ({ catalog, objects, spool }) => await countHoldings(catalog, objects, spool),
    )
    print({ ...holdings }, [
      ...Object.entries(holdings.classes).map(
        ([name, held]) =>
          `${name.padEnd(16)}${String(held.rows).padStart(8)} rows  ${String(held.bytes).padStart(14)} bytes  ${Object.keys(held.tables).join(", ")}`,
      ),
      `${"objects".padEnd(16)}${String(holdings.objects.count).padStart(8)}       ${String(holdings.objects.bytes).padStart(14)} bytes  ciphertext`,
      `${"spool".padEnd(16)}${String(holdings.spool.count).padStart(8)}       ${String(holdings.spool.bytes).padStart(14)} bytes  ciphertext`,
    ])
  })

program
  .command("produce")
  .description(
    "hand over everything that is held of a meeting: a signed bag of ciphertext that anyone can verify (several: `case produce`)",
  )
  .requiredOption("--meeting <meeting>", "the meeting's id")
  .requiredOption("-o, --output <folder>", "the folder to make")
  .option("--force", "replace an earlier production")
  .addHelpText("after", "\nExample:\n  taciturn-admin produce --meeting mtg_… -o production")
  .action(async (options: { meeting: string; output: string; force?: boolean }) => {
    const meetingId = readId("meeting", options.meeting)
    const result = await withAdapters(
      async (adapters) =>
        await produceMeeting(
          { ...adapters, version: programVersion(), verifiers: await readVerifiers() },
          { meetingId, target: options.output, force: options.force === true, onProgress: showProgress },
        ),
    )
    printProduced({ meeting: formatId("meeting", meetingId) }, result)
  })

program
  .command("erasure <ids...>")
  .description(
    "a signed certificate of what became of accounts, meetings and files that were deleted: when, backups included, and what a hold kept",
  )
  .requiredOption("-o, --output <folder>", "the folder to make")
  .addHelpText(
    "after",
    "\nExample:\n  taciturn-admin erasure acct_… mtg_… asset_… -o certificate\n\nSet BACKUP_DAYS to how long you keep backups.",
  )
  .action(async (ids: readonly string[], options: { output: string }) => {
    const items = ids.map(readItem)
    const { backupDays } = readServerConfig()
    const certificate = await withAdapters(
      async ({ catalog, instance }) =>
        await certifyErasure(
          { catalog, instance, version: programVersion(), verifiers: await readVerifiers(), backupDays },
          items,
          options.output,
        ),
    )
    print({ folder: options.output, ...certificate }, linesOfCertificate(certificate))
  })

program
  .command("verify <folder>")
  .description("check a production or a certificate of an erasure: offline, without a server and without a key")
  .option("--instance-key <key>", "the instance's key, where it is known otherwise than from the production itself")
  .addHelpText("after", "\nExample:\n  taciturn-admin verify production")
  .action(async (folder: string, options: { instanceKey?: string }) => {
    // Loaded for who verifies: nobody else waits for what reads time-stamps.
    const { verifyFolder } = await import("./verified-text.js")
    await signaturesReady()
    const instanceKey = options.instanceKey === undefined ? null : readInstanceKey(options.instanceKey)
    await verifyFolder(folder, instanceKey)
  })

program
  .command("report")
  .description("what this instance tells the public of requests by authorities, as it does at /transparency")
  .addHelpText("after", "\nExample:\n  taciturn-admin report --json")
  .action(async () => {
    const periods = await withAdapters(async ({ catalog }) => await readReport(catalog))
    print(
      { periods },
      periods.length === 0
        ? ["no request so far that may be told of"]
        : periods.flatMap(({ period, requests, accounts, meetings, productions }) => [
            period,
            ...requests.map((row) => `  ${row.kind}  ${row.country}  ${row.outcome}  ${row.requests}`),
            `  accounts: ${accounts}; meetings: ${meetings}; productions: ${productions}`,
          ]),
    )
  })

addCaseCommands(program)
addLedgerCommands(program)

const withSubcommands = (command: Command): readonly Command[] => [
  command,
  ...command.commands.flatMap(withSubcommands),
]
for (const command of withSubcommands(program)) {
  command.exitOverride().allowExcessArguments(false)
  if (printsJson()) command.configureOutput({ writeErr: () => undefined })
  if (command !== program) command.option("--json", "print one JSON document, and nothing else, on stdout")
}

try {
  await program.parseAsync()
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.usage
    if (error.exitCode !== 0 && printsJson()) report("usage", error.message.replace(/^error: /, ""), false)
  } else {
    reportFailure(error)
    process.exitCode = exitCodeOf(error)
  }
}
