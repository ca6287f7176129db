import { closeSync, fsyncSync, openSync, writeSync } from "node:fs"

let armed: { readonly name: string; readonly logPath: string | null; hitsLeft: number } | null = null

/**
 * Arms one place at which this process kills itself without warning, for tests of what survives. `name`, or `name:3` for the third time.
 * The hit is noted in `logPath`, durably, before.
 */
export function armFailpoint(failpoint: { readonly name: string; readonly logPath: string | null } | null): void {
  if (failpoint === null) {
    armed = null
    return
  }
  const [name = "", count = "1"] = failpoint.name.split(":")
  armed = { name, logPath: failpoint.logPath, hitsLeft: Number(count) }
}

/** Does nothing unless this place is armed. */
export function failpoint(name: string): void {
  if (armed?.name !== name || --armed.hitsLeft > 0) return
  if (armed.logPath !== null) {
    const file = openSync(armed.logPath, "a", 0o600)
    writeSync(file, `${name}\n`)
    fsyncSync(file)
    closeSync(file)
  }
  process.kill(process.pid, "SIGKILL")
}
