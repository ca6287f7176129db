import { readFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import { ArchiveError } from "../../shared/protocol/errors.js"

/** What goes with each production and certificate, so that whoever gets one can check it: `verify/`, each in one file. */
export interface Verifiers {
  /** `verify.mjs`, for Node. */
  readonly program: Uint8Array
  /** `verify.html`, for a browser. */
  readonly page: Uint8Array
}

/** From this file: where it was compiled, bundled, or, in `dist`, where it runs from its source. */
const ROOTS = ["../../", "../", "../../dist/"]

/** @throws {@link ArchiveError} `not-found` where they were not built. */
export async function readVerifiers(): Promise<Verifiers> {
  return { program: await readBuilt("worker/admin/verify.mjs"), page: await readBuilt("programs/verify.html") }
}

async function readBuilt(path: string): Promise<Uint8Array> {
  for (const folder of ROOTS) {
    const found = await readFile(fileURLToPath(new URL(`${folder}${path}`, import.meta.url))).catch(() => null)
    if (found !== null) return found
  }
  throw new ArchiveError("not-found", `${path} was not built: run \`npm run build\``)
}
