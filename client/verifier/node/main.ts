import { parseArgs } from "node:util"
import { isArchiveError } from "../../../shared/protocol/errors.js"
import { isRefusal } from "../refusals.js"
import { verifyOpeningFile } from "./verify-file.js"

/** The verifier as one file for people who have nothing else of Taciturn: Node 20 or newer, no package, no network. */

const USAGE = `Verifies an opening: a part of a meeting's recording, or fields of an event of its log, with proof.

  node verify-opening.mjs OPENING [-o FILE] [--production FOLDER] [--force] [--json]

  -o FILE              writes what is opened there, once all of it was verified
  --production FOLDER  looks for the event in an operator's production, and takes sealed segments from there
  --force              replaces an existing file
  --json               prints one JSON document

Exit codes: 0 genuine, 1 could not be done, 2 usage, 3 refused: not genuine, or damaged.
`
/** Names and media types are other people's texts: they must not move the cursor, hide, or turn the line around. */
function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "\u{fffd}")
}

async function main(): Promise<number> {
  const parsed = readArguments()
  const [path] = parsed?.positionals ?? []
  if (parsed === null || path === undefined || parsed.positionals.length !== 1) {
    process.stderr.write(USAGE)
    return parsed?.values.help === true ? 0 : 2
  }
  const { output: out, production, force, json } = parsed.values
  try {
    const { report, file } = await verifyOpeningFile(path, { out, production, force })
    const lines = [...report.lines, ...(file === null ? [] : [`written to ${file}`])]
    process.stdout.write(
      json === true
        ? `${JSON.stringify({ ...report.document, file })}\n`
        : lines.map((line) => `${printable(line)}\n`).join(""),
    )
    return 0
  } catch (error) {
    if (!isArchiveError(error)) throw error
    const { code, message, place } = error
    if (json === true) process.stdout.write(`${JSON.stringify({ error: { code, message, place: place ?? null } })}\n`)
    else
      process.stderr.write(
        `${isRefusal(code) ? "REFUSED" : "failed"}: ${message}${place === undefined ? "" : ` (${place})`} [${code}]\n`,
      )
    return isRefusal(code) ? 3 : code === "usage" ? 2 : 1
  }
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        output: { type: "string", short: "o" },
        production: { type: "string" },
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
