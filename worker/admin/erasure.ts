import { mkdir, open, rename, rm } from "node:fs/promises"
import { dirname, join, resolve } from "node:path"
import { ArchiveError } from "../../shared/protocol/errors.js"
import { formatId } from "../../shared/protocol/ids.js"
import { readErasure } from "../../shared/server/catalog/erasures.js"
import type { ScopeItem } from "../../shared/server/catalog/holds.js"
import type { Instance } from "../../shared/server/catalog/instance.js"
import { TODAY } from "../../shared/server/catalog/sql.js"
import { fsyncFolder, systemErrorCode, translateFileError } from "../../shared/server/files.js"
import type { Catalog } from "../../shared/server/ports.js"
import { formatItem } from "./arguments.js"
import { TAG_FILES } from "./bag-format.js"
import {
  type Certificate,
  CERTIFICATE_FILES,
  hashOfCertificate,
  signErasure,
  textOfCertificate,
} from "./erasure-format.js"
import { renderCertificate } from "./erasure-page.js"
import { operatorCertificate } from "./production-format.js"
import type { Verifiers } from "./verifier-files.js"

/** A certificate of what was deleted and when, backups included, and of what a hold kept. SPEC.md §19. */

export interface CertificateParts {
  readonly catalog: Catalog
  readonly instance: Instance
  readonly version: string
  readonly verifiers: Verifiers
  readonly backupDays: number | null
}

/**
 * Writes a certificate into a new folder.
 * @throws {@link ArchiveError} `exists`, `out-of-space`, `unavailable`.
 */
export async function certifyErasure(
  { catalog, instance, version, verifiers, backupDays }: CertificateParts,
  items: readonly ScopeItem[],
  target: string,
): Promise<Certificate> {
  const certificate = await catalog.transaction(async (snapshot): Promise<Certificate> => {
    await snapshot.query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY", [])
    const [today] = await snapshot.query<{ day: number }>(`SELECT ${TODAY} AS day`, [])
    const found: Certificate["items"] = []
    for (const item of items) {
      const { state, purgeDay, removedDay, keptBy } = await readErasure(snapshot, item)
      found.push({
        item: formatItem(item),
        state,
        purgeDay,
        removedDay,
        outOfBackupsDay: removedDay === null || backupDays === null ? null : removedDay + backupDays,
        keptBy: keptBy.map(({ caseId, untilDay, rows }) => ({ case: formatId("case", caseId), untilDay, rows })),
      })
    }
    return {
      version: 1,
      instance: formatId("instance", instance.instanceId),
      software: { name: "taciturn", version },
      day: today?.day ?? 0,
      items: found,
      backupDays,
    }
  })
  const text = textOfCertificate(certificate)
  const statement = {
    serverKey: operatorCertificate(instance),
    certificateHash: hashOfCertificate(text),
    day: certificate.day,
  }
  await writeFolder(resolve(target), {
    [CERTIFICATE_FILES.certificate]: text,
    [CERTIFICATE_FILES.page]: renderCertificate(certificate),
    [CERTIFICATE_FILES.signature]: signErasure(statement, instance.operatorSigner),
    [TAG_FILES.verifier]: verifiers.program,
    [TAG_FILES.verifierPage]: verifiers.page,
  })
  return certificate
}

/** Whole or not there. */
async function writeFolder(target: string, files: Readonly<Record<string, string | Uint8Array>>): Promise<void> {
  const partial = `${target}.partial`
  try {
    await rm(partial, { recursive: true, force: true })
    await mkdir(partial, { recursive: true, mode: 0o700 })
    for (const [name, bytes] of Object.entries(files)) {
      const file = await open(join(partial, name), "wx", 0o600)
      await file.writeFile(bytes)
      await file.sync()
      await file.close()
    }
    await fsyncFolder(partial)
    await mkdir(target, { mode: 0o700 })
    await rename(partial, target)
    await fsyncFolder(dirname(target))
  } catch (error) {
    await rm(partial, { recursive: true, force: true })
    if (systemErrorCode(error) === "EEXIST") throw new ArchiveError("exists", `${target} exists: name another folder`)
    throw translateFileError(error, target)
  }
}
