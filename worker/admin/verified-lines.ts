import { dateOfDay } from "../../shared/protocol/ambient.js"
import type { Certificate } from "./erasure-format.js"
import type { VerifiedProduction } from "./verify.js"

function compareKey(instanceKey: string): string {
  return `signed for instance key ${instanceKey}: compare it with what the instance publishes`
}

/** What a verified production is, for people: present, declared withheld, missing. */
export function linesOfVerified(verified: VerifiedProduction, instanceKeyIsKnown: boolean): readonly string[] {
  const what = verified.case ?? verified.scope.map(({ item }) => item).join(" ")
  return [
    `complete and unaltered: ${what}, produced by ${verified.instance} on ${dateOfDay(verified.producedDay)}`,
    ...verified.scope.map(({ item, present, rows, assets, bytes, reason }) =>
      present
        ? `present   ${item}: ${rows} rows, ${assets} assets, ${bytes} bytes`
        : `not held  ${item}: ${reason ?? "it is not stored"}`,
    ),
    ...Object.entries(verified.present).flatMap(([table, count]) =>
      count === 0 ? [] : [`present   ${String(count).padStart(8)} ${table}`],
    ),
    `present   ${String(verified.publishedAssets).padStart(8)} assets that events published, each with every chunk`,
    ...(verified.case === null
      ? []
      : [`present   ${String(verified.custodyEntries).padStart(8)} entries of the custody record`]),
    ...verified.omitted.map(
      ({ asset, meeting, uploadedDay, reason }) =>
        `declared withheld  ${asset} of ${meeting}, uploaded ${dateOfDay(uploadedDay)}: ${reason}`,
    ),
    ...verified.withheld.map((item) => `declared withheld  ${item.count} ${item.what}: ${item.reason}`),
    ...verified.asked.map((asked) => `not held  ${asked.what}: ${asked.reason}`),
    ...(verified.confirmers.length === 0 ? [] : ["confirmed by a second operator"]),
    ...(verified.timestamp === null
      ? []
      : [
          `time-stamped at ${verified.timestamp.time.toISOString()} by ${verified.timestamp.authority}: whether to trust that, openssl ts -verify -in timestamp.tsr -data manifest-sha512.txt -CAfile … says`,
        ]),
    "missing   0",
    ...(instanceKeyIsKnown ? [] : [compareKey(verified.instanceKey)]),
  ]
}

/** What a verified certificate is, for people. */
export function linesOfVerifiedCertificate(
  certificate: Certificate,
  instanceKey: string,
  instanceKeyIsKnown: boolean,
): readonly string[] {
  return [
    `unaltered: a certificate by ${certificate.instance} of ${dateOfDay(certificate.day)}`,
    ...linesOfCertificate(certificate),
    ...(instanceKeyIsKnown ? [] : [compareKey(instanceKey)]),
  ]
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
