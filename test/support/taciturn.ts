import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { expect } from "chai"
import { type ProgramResult, runProgram, temporaryFolder } from "./programs.js"
import { type Stack, startStack } from "./stack.js"

/** People at their terminals: each has a home of its own, all have one folder to work in, and one server. */
export interface Terminals {
  readonly stack: Stack
  readonly folder: string
  environmentOf(person: string): Readonly<Record<string, string>>
  run(
    person: string,
    args: readonly string[],
    environment?: Readonly<Record<string, string>>,
    input?: Uint8Array,
  ): Promise<ProgramResult>
  /** What the command says in JSON, and that it says nothing else. */
  succeed(...call: Parameters<Terminals["run"]>): Promise<ProgramResult["json"]>
  /** The exit code and the error's code, and that nothing else is said. */
  fail(...call: Parameters<Terminals["run"]>): Promise<readonly [number | null, string]>
  read(name: string): Promise<Buffer>
  close(): Promise<void>
}

export async function openTerminals(): Promise<Terminals> {
  const { path: folder, remove } = await temporaryFolder()
  const stack = await startStack("embedded")
  const environmentOf = (person: string): Readonly<Record<string, string>> => ({
    TACITURN_HOME: join(folder, person),
    TACITURN_URL: stack.url,
  })
  const run: Terminals["run"] = async (person, args, environment = {}, input) =>
    await runProgram("taciturn", args, {
      cwd: folder,
      environment: { ...environmentOf(person), ...environment },
      ...(input === undefined ? {} : { input }),
    })
  return {
    stack,
    folder,
    environmentOf,
    run,
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
    close: async () => {
      await stack.stop()
      await remove()
    },
  }
}
