import { dirname } from "node:path"
import { fileURLToPath } from "node:url"
import { signaturesReady } from "../../shared/server/signatures.js"
import { readInstanceKey } from "./arguments.js"
import { EXIT, exitCodeOf } from "./exit-codes.js"
import { reportFailure } from "./terminal.js"
import { verifyFolder } from "./verified-text.js"

/** `verify.mjs`, which lies in every production and in every certificate of an erasure: `node verify.mjs [folder] [--instance-key hex] [--json]`, its own folder where none is given. */

const HELP = `Checks a production of ciphertext, or a certificate of an erasure: that nothing is missing or altered, and who signed it.
Needs no network and no key.

  node verify.mjs [FOLDER] [--instance-key HEX] [--json]

FOLDER is the one that this file lies in, unless given. Give the instance's key where you know it
otherwise than from the production. Ends with 0 where it is complete, 3 where it is refused.
`

try {
  const args = process.argv.slice(2).filter((arg) => arg !== "--json")
  if (args.includes("--help")) process.stdout.write(HELP)
  else {
    const at = args.indexOf("--instance-key")
    const instanceKey = at < 0 ? null : readInstanceKey(args.splice(at, 2)[1] ?? "")
    await signaturesReady()
    const folder = args[0] ?? dirname(fileURLToPath(import.meta.url))
    await verifyFolder(folder, instanceKey)
    process.exitCode = EXIT.done
  }
} catch (error) {
  reportFailure(error)
  process.exitCode = exitCodeOf(error)
}
