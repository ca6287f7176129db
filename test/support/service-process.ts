import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { root } from "./programs.js"

/** What `npm start` runs, and the API as it is run by itself. */
export const SERVER_PROGRAMS = { serve: "dist/programs/serve.js", api: "dist/api/main.js" } as const

/** A built program of this repository in a process of its own, with nothing in its environment but what it is given. */
export interface ServiceProcess {
  readonly pid: number
  readonly output: () => string
  /** Waits until the output matches, and gives the first group. */
  waitFor(pattern: RegExp, timeoutMs?: number): Promise<string>
  signal(name: NodeJS.Signals): void
  /** The exit code; `null` where a signal ended it. */
  exited(): Promise<number | null>
}

const children = new Set<ChildProcess>()
process.once("exit", () => {
  for (const child of children) child.kill("SIGKILL")
})

export function startProcess(
  program: keyof typeof SERVER_PROGRAMS,
  environment: Readonly<Record<string, string>>,
): ServiceProcess {
  const child = spawn(process.execPath, [join(root, SERVER_PROGRAMS[program])], {
    env: { PATH: process.env["PATH"], HOME: process.env["HOME"], ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  })
  children.add(child)
  let output = ""
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => (output += text))
  const exit = once(child, "close").then(([code]) => {
    children.delete(child)
    return code as number | null
  })
  return {
    pid: child.pid ?? 0,
    output: () => output,
    waitFor: async (pattern, timeoutMs = 60_000) => {
      const deadline = performance.now() + timeoutMs
      for (;;) {
        const found = pattern.exec(output)
        if (found !== null) return found[1] ?? ""
        if (child.exitCode !== null || performance.now() > deadline)
          throw new Error(`${String(pattern)} never came:\n${output}`)
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    },
    signal: (name) => {
      child.kill(name)
    },
    exited: () => exit,
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
