import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { expect } from "chai"
import { type ProgramResult, runProgram, startProgram, temporaryFolder } from "./programs.js"
import { type Stack, startStack } from "./stack.js"

/** People at their terminals: each has a home of its own, all have one folder to work in, and one server. */
export interface Terminals {
  readonly folder: string
  environmentOf(person: string): Readonly<Record<string, string>>
  run(
    person: string,
    args: readonly string[],
    environment?: Readonly<Record<string, string>>,
    input?: Uint8Array,
  ): Promise<ProgramResult>
  /** A command that goes on while something else happens. */
  start(
    person: string,
    args: readonly string[],
    environment?: Readonly<Record<string, string>>,
  ): ReturnType<typeof startProgram>
  /** What the command says in JSON, and that it says nothing else. */
  succeed(...call: Parameters<Terminals["run"]>): Promise<ProgramResult["json"]>
  /** The exit code and the error's code, and that nothing else is said. */
  fail(...call: Parameters<Terminals["run"]>): Promise<readonly [number | null, string]>
  read(name: string): Promise<Buffer>
  close(): Promise<void>
}

/** Terminals and a service of their own. */
export async function openTerminals(): Promise<Terminals & { readonly stack: Stack }> {
  const stack = await startStack("embedded")
  const terminals = await terminalsAt(stack.url)
  return {
    ...terminals,
    stack,
    close: async () => {
      await stack.stop()
      await terminals.close()
    },
  }
}

export async function terminalsAt(url: string): Promise<Terminals> {
  const { path: folder, remove } = await temporaryFolder()
  const environmentOf = (person: string): Readonly<Record<string, string>> => ({
    TACITURN_HOME: join(folder, person),
    TACITURN_URL: url,
  })
  const run: Terminals["run"] = async (person, args, environment = {}, input) =>
    await runProgram("taciturn", args, {
      cwd: folder,
      environment: { ...environmentOf(person), ...environment },
      ...(input === undefined ? {} : { input }),
    })
  return {
    folder,
    environmentOf,
    run,
    start: (person, args, environment = {}) =>
      startProgram("taciturn", args, { cwd: folder, environment: { ...environmentOf(person), ...environment } }),
    succeed: async (person, args, ...rest) => {
      const result = await run(person, [...args, "--json"], ...rest)
      expect(result.exitCode, result.stdout + result.stderr).to.equal(0)
      expect(result.stdout, "one document on stdout, and nothing else").to.match(/^\{.*\}\n$/)
      return result.json
    },
    fail: async (person, args, ...rest) => {
      const result = await run(person, [...args, "--json"], ...rest)
      expect(result.json, result.stdout + result.stderr).to.have.all.keys("error")
      expect(result.json.error).to.include.keys("code", "message", "retryable")
      return [result.exitCode, result.json.error.code]
    },
    read: async (name) => await readFile(join(folder, name)),
    close: remove,
  }
}
