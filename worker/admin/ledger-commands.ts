import type { Command } from "commander"
import { ArchiveError } from "../../shared/protocol/errors.js"
import { signaturesReady } from "../../shared/server/signatures.js"
import { replayLedger, replayedAnything, writeLedger } from "../ledger.js"
import { withAdapters } from "./adapters.js"
import { type ActorOptions, actorOf } from "./case-actor.js"
import { print } from "./terminal.js"

/** `taciturn-admin ledger …`: what must outlive a restore. docs/operating.md. */
export function addLedgerCommands(program: Command): void {
  const ledger = program
    .command("ledger")
    .description("cases, holds and deletions, for a database that is restored from an older backup")

  ledger
    .command("write <file>")
    .description("note them now, as the worker does by itself in LEDGER_FILE")
    .addHelpText("after", "\nExample:\n  taciturn-admin ledger write /elsewhere/ledger.jsonl")
    .action(async (file: string) => {
      const rows = await withAdapters(
        async ({ catalog, instance: { instanceId } }) => await writeLedger({ catalog, instanceId }, file),
      )
      print({ file, rows }, [`${rows} rows were noted in ${file}`])
    })

  ledger
    .command("replay <file>")
    .description("do again what a restored database forgot: before the service is started on it")
    .option("--by <name>", "who acts, for the custody record (the terminal's user, unless given)")
    .addHelpText("after", "\nExample:\n  taciturn-admin ledger replay /elsewhere/ledger.jsonl")
    .action(async (file: string, options: ActorOptions) => {
      await signaturesReady()
      const replayed = await withAdapters(
        async ({ catalog, instance: { instanceId } }) =>
          await replayLedger({ catalog, instanceId }, actorOf(options), file),
      )
      if (replayed === null) throw new ArchiveError("usage", `there is nothing at ${file}`)
      const { cases, joined, accounts, meetings, assets, tombstones } = replayed
      print({ file, ...replayed }, [
        ...cases.map((name) => `${name}: brought to where it was`),
        ...joined.map(
          (name) => `${name}: went on otherwise since; what either record holds is held (see \`case show\`)`,
        ),
        replayedAnything(replayed)
          ? `deleted again: ${accounts} accounts, ${meetings} meetings, ${assets} assets; tombstones put back: ${tombstones}`
          : "the database has all that was noted",
      ])
    })
}
