import { stat } from "node:fs/promises"
import { dirname } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { isRefusal } from "../client/verifier/refusals.js"
import { verifyOpeningFile } from "../client/verifier/node/verify-file.js"
import { ArchiveError, isArchiveError } from "../shared/protocol/errors.js"
import { signaturesReady } from "../shared/server/signatures.js"
import { readInstanceKey } from "../worker/admin/arguments.js"
import { verifyFolder } from "../worker/admin/verified-text.js"
import { linesOfVerified } from "../worker/admin/verified-lines.js"
import { verifyProduction } from "../worker/admin/verify.js"

/** `verify.mjs`: one file for people who have nothing else of Taciturn. It lies in every production and certificate, and goes along with openings. */

const USAGE = `Checks what was handed to you: an opening, which is a part of a meeting that somebody in it chose to show,
or a production or certificate, which an operator of a server handed over. Needs Node 20 or newer, no network, no account and no key.

  node verify.mjs [PATH] [-o FILE] [--production FOLDER] [--instance-key=KEY] [--force] [--json]

  PATH                 an opening, or the folder of a production or certificate; where none is given, the folder that this file lies in
  -o FILE              writes what an opening opens there, once all of it was verified
  --production FOLDER  verifies a production too, and whether it has what the opening opens; takes sealed segments from there
  --instance-key=KEY   the key of the production's instance, where you know it otherwise than from the production: in hexadecimal, or as the instance's /v1/instance has it
  --force              replaces an existing file
  --json               prints one JSON document

Exit codes: 0 genuine, or complete; 1 could not be done; 2 usage; 3 refused: not what it says it is, or damaged.
`

/** What others wrote must not move the cursor, hide, or turn the line around. */
function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "\u{fffd}")
}

interface Result {
  readonly document: Readonly<Record<string, unknown>>
  readonly lines: readonly string[]
}

async function main(): Promise<number> {
  const parsed = readArguments()
  if (parsed === null || parsed.positionals.length > 1 || parsed.values.help === true) {
    ;(parsed?.values.help === true ? process.stdout : process.stderr).write(USAGE)
    return parsed?.values.help === true ? 0 : 2
  }
  const { json, ...flags } = parsed.values
  try {
    await signaturesReady()
    const result = await check(parsed.positionals[0] ?? dirname(fileURLToPath(import.meta.url)), flags)
    if (result !== null)
      process.stdout.write(
        json === true
          ? `${JSON.stringify(result.document)}\n`
          : result.lines.map((line) => `${printable(line)}\n`).join(""),
      )
    return 0
  } catch (error) {
    if (!isArchiveError(error)) throw error
    return sayFailure(error, json === true)
  }
}

interface Flags {
  readonly output?: string | undefined
  readonly production?: string | undefined
  readonly "instance-key"?: string | undefined
  readonly force?: boolean | undefined
}

/** @returns what is to be said of an opening; of a folder it was said. */
async function check(path: string, flags: Flags): Promise<Result | null> {
  const given = flags["instance-key"]
  const instanceKey = given === undefined ? null : readInstanceKey(given)
  const found = await stat(path).catch(() => null)
  if (found === null) throw new ArchiveError("usage", `there is nothing at ${path}`)
  if (found.isDirectory()) {
    await verifyFolder(path, instanceKey)
    return null
  }
  const { production, output: out, force } = flags
  const whole =
    production === undefined ? null : await verifyProduction(production, { instanceKey, onFile: () => undefined })
  const { report, file } = await verifyOpeningFile(path, { out, production, force })
  return {
    document: { ...report.document, file, isProductionComplete: whole === null ? null : true },
    lines: [
      ...report.lines,
      ...(file === null ? [] : [`written to ${file}`]),
      ...(whole === null ? [] : ["", ...linesOfVerified(whole, instanceKey !== null)]),
    ],
  }
}

function sayFailure({ code, message, place, retryable }: ArchiveError, json: boolean): number {
  const isRefused = isRefusal(code)
  if (json)
    process.stdout.write(
      `${JSON.stringify({ error: { code, message, retryable, ...(place === undefined ? {} : { place }) } })}\n`,
    )
  else
    process.stderr.write(
      `${isRefused ? "REFUSED" : "failed"}: ${printable(message)}${place === undefined ? "" : ` (${printable(place)})`} [${code}]\n`,
    )
  return isRefused ? 3 : code === "usage" ? 2 : 1
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        output: { type: "string", short: "o" },
        production: { type: "string" },
        "instance-key": { type: "string" },
        force: { type: "boolean" },
        json: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    })
  } catch {
    return null
  }
}

process.exitCode = await main()
