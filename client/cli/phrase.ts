import { open, readFile } from "node:fs/promises"
import { createInterface } from "node:readline"
import { text } from "node:stream/consumers"
import { ArchiveError } from "../../shared/protocol/errors.js"

/** A recovery phrase: how it is shown, kept in a file, and read again. */

/** To a new file, for its owner alone. @throws {@link ArchiveError} `exists`. */
export async function writePhrase(path: string, phrase: string): Promise<void> {
  const file = await open(path, "wx", 0o600).catch((cause: unknown) => {
    throw new ArchiveError("exists", `${path} can't be made: it exists, or its folder does not`, { cause })
  })
  try {
    await file.writeFile(`${phrase}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** What a person is shown, once. */
export function phraseLines(phrase: string, file: string | undefined): readonly string[] {
  if (file !== undefined) return [`The recovery phrase is in ${file}. Move it to paper, and remove the file.`]
  const words = phrase.split(" ")
  return [
    "Recovery phrase. Write it on paper now: it is shown this once and kept nowhere.",
    "",
    ...[0, 6, 12, 18].map(
      (from) =>
        `    ${words
          .slice(from, from + 6)
          .map((word, index) => `${String(from + index + 1).padStart(2)} ${word.padEnd(9)}`)
          .join(" ")}`,
    ),
  ]
}

/** From the file that is named, else from a terminal, else from standard input. */
export async function readPhrase(file: string | undefined, signal: AbortSignal): Promise<string> {
  if (file !== undefined)
    return await readFile(file, "utf8").catch((cause: unknown) => {
      throw new ArchiveError("usage", `the phrase file ${file} can't be read`, { cause })
    })
  return process.stdin.isTTY ? await ask("Recovery phrase, all 24 words: ", signal) : await text(process.stdin)
}

/** Asks at a terminal. @throws {@link ArchiveError} `interrupted` for Ctrl-C and Ctrl-D. */
export async function ask(question: string, signal: AbortSignal): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr, terminal: true })
  try {
    return await new Promise<string>((resolve, reject) => {
      const interrupted = (): void => {
        reject(new ArchiveError("interrupted", "interrupted: nothing was changed"))
      }
      lines.once("SIGINT", interrupted)
      lines.once("close", interrupted)
      signal.addEventListener("abort", interrupted)
      lines.question(question, resolve)
    })
  } finally {
    lines.close()
  }
}
