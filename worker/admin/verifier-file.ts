import { readFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import { ArchiveError } from "../../shared/protocol/errors.js"

/** Beside this file where it was compiled, in `dist` where it runs from its source. */
const PLACES = ["./verify.mjs", "../../dist/worker/admin/verify.mjs"].map((place) =>
  fileURLToPath(new URL(place, import.meta.url)),
)

/** The program that goes with each production: {@link file://./verify-main.ts}, in one file. @throws {@link ArchiveError} `not-found` where it was not built. */
export async function readVerifier(): Promise<Uint8Array> {
  for (const path of PLACES) {
    const found = await readFile(path).catch(() => null)
    if (found !== null) return found
  }
  throw new ArchiveError("not-found", "verify.mjs was not built: run `npm run build`")
}
