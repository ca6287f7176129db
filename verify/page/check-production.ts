import { signaturesReady } from "../../shared/server/signatures.js"
import { verifyCertificate } from "../../worker/admin/verify-erasure.js"
import { type VerifiedProduction, verifyProduction } from "../../worker/admin/verify.js"
import type { GivenFiles } from "./given-files.js"
import { useFolder } from "./node/folder.js"
import { texts } from "./texts.js"

/**
 * Verifies a production whole, in this page alone, by the same program as in Node: what that asks Node for, `node/` gives it.
 * @throws {@link ArchiveError} whatever is wrong with it.
 */
export async function checkProduction(files: GivenFiles, say: (text: string) => void): Promise<VerifiedProduction> {
  await signaturesReady()
  let done = 0
  return await verifyProduction(useFolder(files), {
    instanceKey: null,
    onFile: () => {
      say(texts.reading(++done, files.size))
    },
  })
}

/**
 * Verifies a certificate of an erasure.
 * @throws {@link ArchiveError} whatever is wrong with it.
 */
export async function checkCertificate(files: GivenFiles): ReturnType<typeof verifyCertificate> {
  await signaturesReady()
  return await verifyCertificate(useFolder(files), null)
}
