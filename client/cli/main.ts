import { Command, CommanderError } from "commander"
import { ArchiveError } from "../../shared/protocol/errors.js"
import { addAccountDeleteCommand } from "./commands/account-delete.js"
import { addAccountCommands } from "./commands/account.js"
import { addChatCommands } from "./commands/chat.js"
import { addConsentCommands } from "./commands/consent.js"
import { addDeviceCommands } from "./commands/devices.js"
import { addDownloadCommand } from "./commands/download.js"
import { addExportCommands } from "./commands/export.js"
import { addImportCommands } from "./commands/import.js"
import { addJoinCommand } from "./commands/join.js"
import { addStorageCommand } from "./commands/keeping.js"
import { addMeetingCommands } from "./commands/meeting.js"
import { addNoticesCommand } from "./commands/notices.js"
import { addContactCommands } from "./commands/contacts.js"
import { addOpeningCommands, addVerifyCommand } from "./commands/opening.js"
import { addPairingCommands } from "./commands/pairing.js"
import { addPlayCommand } from "./commands/play.js"
import { addRecordingsCommand } from "./commands/recordings.js"
import { addRecoveryCommands } from "./commands/recovery.js"
import { addSearchCommand } from "./commands/search.js"
import { addUploadCommand } from "./commands/upload.js"
import { addUploadsCommands } from "./commands/uploads.js"
import { addWatchFolderCommand } from "./commands/watch-folder.js"
import { type CommandContext, createContext } from "./context.js"
import { EXIT } from "./exit-codes.js"
import { reportFailure } from "./output.js"
import { cliVersion } from "./version.js"

/** What a command does, given its context. */
export type Action = (context: CommandContext) => Promise<number | undefined>

const endOfOptions = process.argv.indexOf("--")
const wantsJson = process.argv.slice(2, endOfOptions === -1 ? undefined : endOfOptions).includes("--json")
const interrupt = new AbortController()

let interrupts = 0
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    // Every write is whole or not there at all, so that a second Ctrl-C may end the process at once.
    if (++interrupts > 1) process.exit(EXIT.interrupted)
    interrupt.abort()
  })
}
// A reader that went away (`| head`) is no failure to report.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(EXIT.done)
})

const program = new Command("taciturn")
  .description(
    "Meeting recordings that only their participants can open. Everything is sealed on this device before it is sent.",
  )
  .version(cliVersion(), "--version", "print the version")
  .option("--url <address>", "address of the server (TACITURN_URL; remembered by init)")
  .option("--json", "print one JSON document, and nothing else, on stdout")
  .showHelpAfterError("Run with --help to see how it is used.")
  .addHelpText(
    "after",
    '\nExample:\n  taciturn init --name laptop\n  taciturn meeting create "Weekly call"\n\nExit codes: 0 done, 1 failed, 2 usage, 3 integrity refused, 4 try later, 130 interrupted.',
  )

let exitCode: number = EXIT.done
// Until the result is known: whatever ended this process without one was a failure.
process.exitCode = EXIT.failed

/** Runs a command with its context, and turns what it throws into an exit code. */
async function run(action: Action): Promise<void> {
  const { url } = program.opts<{ url?: string }>()
  let context: CommandContext | undefined
  try {
    context = await createContext({ json: wantsJson, url, signal: interrupt.signal })
    exitCode = (await action(context)) ?? EXIT.done
  } catch (error) {
    exitCode = reportFailure(
      interrupt.signal.aborted
        ? new ArchiveError("interrupted", "interrupted: call again to go on from here", { cause: error })
        : error,
      wantsJson,
    )
  } finally {
    await context?.close()
  }
}

addAccountCommands(program, run)
addPairingCommands(program, addDeviceCommands(program, run), run)
addRecoveryCommands(program, run)
addContactCommands(program, run)
addMeetingCommands(program, run)
addJoinCommand(program, run)
addUploadCommand(program, run)
addUploadsCommands(program, run)
addImportCommands(program, run)
addWatchFolderCommand(program, run)
addRecordingsCommand(program, run)
addConsentCommands(program, run)
addChatCommands(program, run)
addNoticesCommand(program, run)
addSearchCommand(program, run)
addStorageCommand(program, run)
addDownloadCommand(program, run)
addExportCommands(program, run)
addPlayCommand(program, run)
addOpeningCommands(program, run)
addVerifyCommand(program, run)
addAccountDeleteCommand(program, run)
prepare(program)

void parse()

/** Not awaited above: what V8 compiles can be kept of CommonJS alone (scripts/bundle.mjs), which has no `await` there. */
async function parse(): Promise<void> {
  try {
    await program.parseAsync()
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    // Help and version were asked for; everything else is a wrong argument, which commander has explained on stderr.
    exitCode = error.exitCode === 0 ? EXIT.done : EXIT.usage
    if (exitCode === EXIT.usage && wantsJson)
      reportFailure(
        new ArchiveError(
          "usage",
          error.code === "commander.help" ? "a command is missing: see --help" : error.message.replace(/^error: /, ""),
        ),
        true,
      )
  }
  process.exitCode = exitCode
}

/** `--json` may stand anywhere, and a wrong argument never ends the process before it was reported. */
function prepare(command: Command): void {
  command.exitOverride().allowExcessArguments(false)
  if (wantsJson) command.configureOutput({ writeErr: () => undefined })
  if (command !== program) command.option("--json", "print one JSON document, and nothing else, on stdout")
  for (const child of command.commands) prepare(child)
}
