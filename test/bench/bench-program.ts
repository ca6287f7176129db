import { type ChildProcess, spawn } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { exitOf, root } from "../support/programs.js"

/** Parts of a benchmark that run as processes of their own, and are told what to do by lines of JSON. */

/** Milliseconds by the machine's own clock, the same in all its processes. */
export function machineNowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

export interface BenchProgram {
  readonly pid: number
  /** Tells it something. @returns what it says next. */
  ask(line: unknown): Promise<unknown>
  end(): Promise<void>
}

export async function startBenchProgram(name: string, args: readonly string[] = []): Promise<BenchProgram> {
  const child: ChildProcess = spawn(process.execPath, [join(root, "dist/test/bench", name), ...args], {
    stdio: ["pipe", "pipe", "inherit"],
  })
  if (child.stdout === null) throw new Error("a program without an output")
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    pid: child.pid ?? 0,
    ask: async (line) => {
      child.stdin?.write(`${JSON.stringify(line)}\n`)
      const next = await lines.next()
      if (next.done === true) throw new Error(`${name} ended`)
      return JSON.parse(next.value) as unknown
    },
    end: async () => {
      child.stdin?.end()
      await exitOf(child)
    },
  }
}

/** In such a program: each line is answered by what `answer` makes of it; the end of the input ends it. */
export function answerLines(answer: (line: unknown) => Promise<unknown>): void {
  const lines = createInterface({ input: process.stdin })
  lines.on("line", (line) => {
    void answer(JSON.parse(line)).then((said) => process.stdout.write(`${JSON.stringify(said)}\n`))
  })
  lines.once("close", () => process.exit(0))
}

/** Milliseconds of processor that a process took so far, and that it waited for one. Linux only: elsewhere 0. */
export function processorMs(pid: number): { readonly tookMs: number; readonly waitedMs: number } {
  try {
    const [took = 0, waited = 0] = readdirSync(`/proc/${pid}/task`)
      .map((task) => readFileSync(`/proc/${pid}/task/${task}/schedstat`, "utf8").split(" ").map(Number))
      .reduce(([a = 0, b = 0], [c = 0, d = 0]) => [a + c, b + d])
    return { tookMs: took / 1e6, waitedMs: waited / 1e6 }
  } catch {
    return { tookMs: 0, waitedMs: 0 }
  }
}
