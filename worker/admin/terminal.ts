import { isArchiveError, type ErrorCode } from "../../shared/protocol/errors.js"

/** What taciturn-admin says: lines for people, or one JSON document and nothing else. */

const json = process.argv.includes("--json")

export function showProgress(bytes: number): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${bytes} bytes\u001b[K`)
}

export function print(document: Readonly<Record<string, unknown>>, lines: readonly string[]): void {
  if (process.stderr.isTTY) process.stderr.write("\r\u001b[K")
  process.stdout.write(json ? `${JSON.stringify(document)}\n` : lines.map((line) => `${line}\n`).join(""))
}

export function printsJson(): boolean {
  return json
}

export function report(code: ErrorCode, message: string, retryable: boolean, place?: string): void {
  if (json)
    process.stdout.write(
      `${JSON.stringify({ error: { code, message, retryable, ...(place === undefined ? {} : { place }) } })}\n`,
    )
  else process.stderr.write(`taciturn-admin: ${message}${place === undefined ? "" : ` (${place})`}\n`)
}

/** What a command that failed says of it. */
export function reportFailure(error: unknown): void {
  if (isArchiveError(error)) report(error.code, error.message, error.retryable, error.place)
  else report("internal", error instanceof Error ? error.message : "something failed that should not have", false)
}
