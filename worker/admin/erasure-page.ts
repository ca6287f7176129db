import { dateOfDay } from "../../shared/protocol/ambient.js"
import { code, documentOf, list, number, table, term } from "./handed-page.js"
import type { Certificate } from "./erasure-format.js"

/** The certificate for people. Made of the certificate alone, so that a verifier makes the same. */
export function renderCertificate({ instance, software, day, items, backupDays }: Certificate): string {
  const kept = items.flatMap(({ item, keptBy }) =>
    keptBy.map(
      (hold) =>
        `${code(item)}: ${number(hold.rows)} rows, with the ciphertext that they name, apart from the service, by ${code(hold.case)} until the end of ${dateOfDay(hold.untilDay)}. Then they are removed.`,
    ),
  )
  return documentOf(
    "Certificate of an erasure",
    `<h1>Certificate of an erasure</h1>
<p>What became of the following at this service. It held of it ciphertext, and what it takes to store that; a key that opens it was never here. Signed. The <code>verify.html</code> in this folder, opened in a browser and given the folder, checks it; so does <code>node verify.mjs</code>.</p>
<dl>
${term("On", dateOfDay(day))}${term("By instance", instance)}${term("Software", `${software.name} ${software.version}`)}
</dl>
<h2>What, and when</h2>
${table(
  ["What", "State", "In no backup from"],
  items.map((item) => [item.item, stateOf(item), backupsOf(item)]),
  "Nothing was asked for.",
)}
<h2>Backups</h2>
<p>${
      backupDays === null
        ? "The operator does not say for how long backups are kept. Ask."
        : `The operator says that backups are kept for ${backupDays} days. A backup that was made before something was removed may hold its ciphertext until then.`
    }</p>
<h2>What stays</h2>
<p>Of a meeting and of a file: its id and the day on which it was removed, so that the id can't be taken by another. Of an account: its id, the days on which it began and ended, and its public keys, so that what it signed can still be checked.</p>
<h2>Kept by a hold</h2>
${kept.length === 0 ? "<p>Nothing that may be told of.</p>" : list(kept)}
<p class="faint">A court may order that something is kept, and forbid to tell of it. This certificate names no such hold; when it may be told, those concerned are told, and a certificate made then has it. Copies that participants have downloaded are theirs.</p>
`,
  )
}

function stateOf({ state, purgeDay, removedDay }: Certificate["items"][number]): string {
  switch (state) {
    case "kept":
      return "not deleted: it is stored"
    case "marked":
      return purgeDay === null
        ? "given up: nobody reads it any more, and it is being removed"
        : `deleted: nobody reads it any more, and it is removed from ${dateOfDay(purgeDay)} on`
    case "removed":
      return removedDay === null ? "removed" : `removed on ${dateOfDay(removedDay)}`
    case "unknown":
      return "not held: this server has, and had, nothing with that id"
  }
}

function backupsOf({ outOfBackupsDay }: Certificate["items"][number]): string {
  return outOfBackupsDay === null ? "not known" : dateOfDay(outOfBackupsDay)
}
