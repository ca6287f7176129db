import { execFileSync } from "node:child_process"
import { chmod, mkdir } from "node:fs/promises"

/**
 * A disk of its own, of `sizeMib` mebibytes, at `path`. `null`, said aloud, where this user may not mount one; in continuous integration that is a failure.
 */
export async function mountSmallDisk(path: string, sizeMib: number): Promise<{ unmount(): void } | null> {
  await mkdir(path, { recursive: true })
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${sizeMib}m`, "tmpfs", path], { stdio: "ignore" })
  } catch (cause) {
    const message = "a small disk can't be mounted by this user: run as root"
    if (process.env["CI"] === "true") throw new Error(message, { cause })
    process.stderr.write(`skipped: ${message}\n`)
    return null
  }
  await chmod(path, 0o700)
  return {
    unmount: () => {
      execFileSync("umount", ["--lazy", path], { stdio: "ignore" })
    },
  }
}
