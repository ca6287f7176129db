import { dateOfDay } from "../../shared/protocol/ambient.js"
import { toHex } from "../../shared/protocol/bytes.js"
import { isCertificate, verifyCertificate } from "./erasure.js"
import type { Certificate } from "./erasure-format.js"
import { print } from "./terminal.js"
import { compareKey, linesOfVerified } from "./verified-lines.js"
import { verifyProduction } from "./verify.js"

/** Checks a production or a certificate, and says what it is. @throws {@link ArchiveError} as what checks it. */
export async function verifyFolder(folder: string, instanceKey: Uint8Array | null): Promise<void> {
  if (await isCertificate(folder)) {
    const { certificate, instanceKey: signedFor } = await verifyCertificate(folder, instanceKey)
    print({ verified: true, ...certificate, instanceKey: signedFor }, [
      `unaltered: a certificate by ${certificate.instance} of ${dateOfDay(certificate.day)}`,
      ...linesOfCertificate(certificate),
      ...(instanceKey === null ? [compareKey(signedFor)] : []),
    ])
    return
  }
  const verified = await verifyProduction(folder, { instanceKey, onFile: () => undefined })
  const document = { ...verified, tagManifestHash: undefined, tagManifestSha512: toHex(verified.tagManifestHash) }
  print({ verified: true, missing: [], ...document }, linesOfVerified(verified, instanceKey !== null))
}

export function linesOfCertificate({ items, backupDays }: Certificate): readonly string[] {
  return [
    ...items.flatMap(({ item, state, purgeDay, removedDay, outOfBackupsDay, keptBy }) => [
      `${state.padEnd(8)}  ${item}${removedDay !== null ? `: removed on ${dateOfDay(removedDay)}` : purgeDay !== null ? `: goes on ${dateOfDay(purgeDay)}` : ""}${outOfBackupsDay === null ? "" : `, in no backup from ${dateOfDay(outOfBackupsDay)} on`}`,
      ...keptBy.map((hold) => `  kept by ${hold.case} until the end of ${dateOfDay(hold.untilDay)}: ${hold.rows} rows`),
    ]),
    ...(backupDays === null ? ["backups: how long they are kept was not said (BACKUP_DAYS)"] : []),
  ]
}
