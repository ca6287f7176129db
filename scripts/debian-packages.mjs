// What the tests need beyond npm: installed where this is root on Debian, named otherwise.
import { spawnSync } from "node:child_process"
import { existsSync } from "node:fs"
import { delimiter, join } from "node:path"

const NEEDED = [
  { program: "redis-server", packages: ["redis-server"] },
  { program: "ffmpeg", packages: ["ffmpeg"] },
  { program: "chromium", packages: ["chromium"] },
  { program: "radosgw", packages: ["radosgw", "ceph-osd", "ceph-mon", "ceph-common"] },
]

function onPath(program) {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => folder !== "" && existsSync(join(folder, program)))
}

/** Installs what is missing. With `required`, what stays missing ends the process with 1; else it is said aloud. */
export function installDebianPackages({ required }) {
  const missing = () => NEEDED.filter(({ program }) => !onPath(program)).flatMap(({ packages }) => packages)
  if (missing().length > 0 && process.getuid?.() === 0 && existsSync("/usr/bin/apt-get")) {
    process.stderr.write(`Installing Debian packages for the tests: ${missing().join(" ")} …\n`)
    const environment = {
      ...process.env,
      DEBIAN_FRONTEND: "noninteractive",
      // Packages that are services must not be started by their installation.
      RUNLEVEL: "1",
    }
    for (const args of [
      ["update", "-q"],
      ["install", "-y", "-q", "--no-install-recommends", ...missing()],
    ]) {
      const result = spawnSync("apt-get", args, { env: environment, stdio: ["ignore", "ignore", 2] })
      if (result.status !== 0) break
    }
  }
  const left = missing()
  if (left.length === 0) return
  process.stderr.write(
    `Missing for the tests: ${left.join(" ")}. On Debian or Ubuntu: apt-get install --no-install-recommends ${left.join(" ")}\n`,
  )
  if (required) process.exit(1)
}
