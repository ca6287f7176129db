import { createHash } from "node:crypto"
import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises"
import { dirname, join, resolve } from "node:path"
import { equalBytes, toHex } from "../../shared/protocol/bytes.js"
import { ArchiveError, isArchiveError } from "../../shared/protocol/errors.js"
import { formatId } from "../../shared/protocol/ids.js"
import { instanceIdOf } from "../../shared/protocol/receipt.js"
import { readErasure } from "../../shared/server/catalog/erasures.js"
import type { ScopeItem } from "../../shared/server/catalog/holds.js"
import type { Instance } from "../../shared/server/catalog/instance.js"
import { TODAY } from "../../shared/server/catalog/sql.js"
import { fsyncFolder, systemErrorCode, translateFileError } from "../../shared/server/files.js"
import type { Catalog } from "../../shared/server/ports.js"
import { verifySignature } from "../../shared/server/signatures.js"
import { formatItem } from "./arguments.js"
import { TAG_FILES } from "./bag-format.js"
import { refused } from "./bag-reader.js"
import {
  type Certificate,
  CERTIFICATE_FILES,
  certificateSchema,
  openErasureSignature,
  signErasure,
} from "./erasure-format.js"
import { renderCertificate } from "./erasure-page.js"
import { operatorCertificate } from "./production-format.js"
import { parseJson } from "./record-reader.js"

/** A certificate of what was deleted and when, backups included, and of what a hold kept. SPEC.md §19. */

export interface CertificateParts {
  readonly catalog: Catalog
  readonly instance: Instance
  readonly version: string
  readonly verifier: Uint8Array
  readonly backupDays: number | null
}

/**
 * Writes a certificate into a new folder.
 * @throws {@link ArchiveError} `exists`, `out-of-space`, `unavailable`.
 */
export async function certifyErasure(
  { catalog, instance, version, verifier, backupDays }: CertificateParts,
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
  const text = textOf(certificate)
  const statement = {
    serverKey: operatorCertificate(instance),
    certificateHash: hashOf(text),
    day: certificate.day,
  }
  await writeFolder(resolve(target), {
    [CERTIFICATE_FILES.certificate]: text,
    [CERTIFICATE_FILES.page]: renderCertificate(certificate),
    [CERTIFICATE_FILES.signature]: signErasure(statement, instance.operatorSigner),
    [TAG_FILES.verifier]: verifier,
  })
  return certificate
}

/** Whether a folder is a certificate's, and no production's. */
export async function isCertificate(folder: string): Promise<boolean> {
  const entries = await readdir(folder).catch((): string[] => [])
  return entries.includes(CERTIFICATE_FILES.signature)
}

/**
 * Checks a certificate, offline: that page and signature are its own, and that an operator key of its instance signed it.
 * @throws {@link ArchiveError} `integrity`, `bad-signature`, `malformed`, `instance-changed`.
 */
export async function verifyCertificate(
  folder: string,
  instanceKey: Uint8Array | null,
): Promise<{ readonly certificate: Certificate; readonly instanceKey: string }> {
  const read = async (name: string): Promise<Buffer> =>
    await readFile(join(folder, name)).catch((cause: unknown) => {
      throw new ArchiveError("integrity", "a part of the certificate is missing", { place: name, cause })
    })
  const raw = await read(CERTIFICATE_FILES.certificate)
  const signed = openSignature(await read(CERTIFICATE_FILES.signature))
  if (!equalBytes(signed.certificateHash, hashOf(raw)))
    throw new ArchiveError("bad-signature", "a signature of another certificate", {
      place: CERTIFICATE_FILES.signature,
    })
  if (instanceKey !== null && !equalBytes(instanceKey, signed.instanceKey))
    throw new ArchiveError("instance-changed", "signed for another instance than the one that was named", {
      place: CERTIFICATE_FILES.signature,
    })
  const text = raw.toString("utf8")
  const parsed = certificateSchema.safeParse(parseJson(text, CERTIFICATE_FILES.certificate))
  if (
    !parsed.success ||
    textOf(parsed.data) !== text ||
    parsed.data.day !== signed.day ||
    parsed.data.instance !== formatId("instance", instanceIdOf(signed.instanceKey))
  )
    throw refused("a certificate of another form", CERTIFICATE_FILES.certificate)
  if ((await read(CERTIFICATE_FILES.page)).toString("utf8") !== renderCertificate(parsed.data))
    throw refused("a page that says something else than the certificate", CERTIFICATE_FILES.page)
  return { certificate: parsed.data, instanceKey: toHex(signed.instanceKey) }
}

function openSignature(raw: Uint8Array): ReturnType<typeof openErasureSignature> {
  try {
    return openErasureSignature(raw, verifySignature)
  } catch (cause) {
    if (!isArchiveError(cause)) throw cause
    throw new ArchiveError(cause.code, cause.message, { place: CERTIFICATE_FILES.signature, cause })
  }
}

function textOf(certificate: Certificate): string {
  return `${JSON.stringify(certificate, null, 2)}\n`
}

function hashOf(text: Uint8Array | string): Uint8Array {
  return new Uint8Array(createHash("sha512").update(text).digest())
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
