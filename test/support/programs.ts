import { type ChildProcess, execFile, spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

/** The repository's built programs, run as a person runs them. */

export const root = repositoryRoot()

/** The nearest folder above this file, built or not, that has a package.json. */
function repositoryRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, "package.json"))) folder = dirname(folder)
  return folder
}

export interface ProgramResult {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stdoutBytes: Buffer
  readonly stderr: string
  /** The one JSON document on stdout. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly json: any
}

export interface ProgramOptions {
  readonly environment?: Readonly<Record<string, string>>
  readonly input?: Uint8Array
  readonly cwd?: string
}

const programs = { taciturn: "bin/taciturn.mjs", "taciturn-admin": "bin/taciturn-admin.mjs" } as const

/** Runs a program to its end, with nothing in its environment but what it is given. */
export async function runProgram(
  program: keyof typeof programs,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<ProgramResult> {
  return await new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [join(root, programs[program]), ...args],
      {
        env: baseEnvironment(options.environment),
        cwd: options.cwd ?? tmpdir(),
        maxBuffer: 256 * 1024 * 1024,
        encoding: "latin1",
      },
      (_error, stdout, stderr) => {
        resolve({
          exitCode: child.exitCode,
          stdout: fromLatin1(stdout),
          stdoutBytes: Buffer.from(stdout, "latin1"),
          stderr: fromLatin1(stderr),
          json: parse(stdout),
        })
      },
    )
    child.stdin?.on("error", () => undefined)
    child.stdin?.end(options.input)
  })
}

/** A program that goes on, such as `play`. */
export function startProgram(
  program: keyof typeof programs,
  args: readonly string[],
  options: ProgramOptions = {},
): ChildProcess & { readonly output: () => string } {
  const child = spawn(process.execPath, [join(root, programs[program]), ...args], {
    env: baseEnvironment(options.environment),
    cwd: options.cwd ?? tmpdir(),
    stdio: ["pipe", "pipe", "pipe"],
  })
  let output = ""
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (bytes: Buffer) => (output += bytes.toString()))
  child.stdin.on("error", () => undefined)
  if (options.input !== undefined) child.stdin.end(options.input)
  return Object.assign(child, { output: () => output })
}

export async function exitOf(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
  return await new Promise((resolve) => child.once("close", resolve))
}

export async function temporaryFolder(): Promise<{ readonly path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), "taciturn-test-"))
  return {
    path,
    remove: async () => {
      await rm(path, { recursive: true, force: true })
    },
  }
}

function baseEnvironment(environment: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  return { PATH: process.env["PATH"], HOME: tmpdir(), ...environment }
}

function fromLatin1(text: string): string {
  return Buffer.from(text, "latin1").toString("utf8")
}

function parse(stdout: string): unknown {
  try {
    return JSON.parse(fromLatin1(stdout))
  } catch {
    return undefined
  }
}
