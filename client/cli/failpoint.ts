import { closeSync, fsyncSync, openSync, writeSync } from "node:fs"

/** A place at which this process kills itself, for tests of what survives: `name`, or `name:3` for the third time. Does nothing unless set. */
export function createFailpoint(
  failpoint: { readonly name: string; readonly logPath: string | null } | null,
): (name: string) => void {
  if (failpoint === null) return () => undefined
  const [armed, count = "1"] = failpoint.name.split(":")
  let hitsLeft = Number(count)
  return (name) => {
    if (name !== armed || --hitsLeft > 0) return
    if (failpoint.logPath !== null) {
      const file = openSync(failpoint.logPath, "a", 0o600)
      writeSync(file, `${name}\n`)
      fsyncSync(file)
      closeSync(file)
    }
    process.kill(process.pid, "SIGKILL")
  }
}
