import { toHex } from "../../shared/protocol/bytes.js"
import { print } from "./terminal.js"
import { linesOfVerified, linesOfVerifiedCertificate } from "./verified-lines.js"
import { verifyProduction } from "./verify.js"
import { isCertificate, verifyCertificate } from "./verify-erasure.js"

/** Checks a production or a certificate, and says what it is. @throws {@link ArchiveError} as what checks it. */
export async function verifyFolder(folder: string, instanceKey: Uint8Array | null): Promise<void> {
  if (await isCertificate(folder)) {
    const { certificate, instanceKey: signedFor } = await verifyCertificate(folder, instanceKey)
    const lines = linesOfVerifiedCertificate(certificate, signedFor, instanceKey !== null)
    print({ verified: true, ...certificate, instanceKey: signedFor }, lines)
    return
  }
  const verified = await verifyProduction(folder, { instanceKey, onFile: () => undefined })
  const document = { ...verified, tagManifestHash: undefined, tagManifestSha512: toHex(verified.tagManifestHash) }
  print({ verified: true, missing: [], ...document }, linesOfVerified(verified, instanceKey !== null))
}
